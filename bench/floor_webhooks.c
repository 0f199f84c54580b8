/* floor_webhooks.c - what a bare loop of libcurl's multi interface can do: the same POST again and again, so many at a time, connections kept.
 * The benches divide by it.  floor_webhooks URL AT_A_TIME SECONDS BODY_BYTES */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static size_t drop(char *data, size_t one, size_t size, void *to)
{
    (void)data, (void)one, (void)to;
    return size;
}

static CURL *make(const char *url, struct curl_slist *headers, const char *body, long size)
{
    CURL *c = curl_easy_init();
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, size);
    curl_easy_setopt(c, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, drop);
    return c;
}

int main(int count, char **words)
{
    if (count != 5) {
        fputs("usage: floor_webhooks URL AT_A_TIME SECONDS BODY_BYTES\n", stderr);
        return 2;
    }
    long size = atol(words[4]), done = 0, bad = 0;
    char *body = malloc((size_t)size + 1);
    if (!body) return 1;
    memset(body, 'x', (size_t)size);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURLM *multi = curl_multi_init();
    struct curl_slist *headers = curl_slist_append(curl_slist_append(NULL, "Expect:"), "Content-Type: application/json");
    for (int i = atoi(words[2]); i > 0; i--) curl_multi_add_handle(multi, make(words[1], headers, body, size));
    double began = now(), until = began + atof(words[3]);
    while (now() < until) {
        int running, left;
        curl_multi_perform(multi, &running);
        for (CURLMsg *m; (m = curl_multi_info_read(multi, &left));) {
            CURL *c = m->easy_handle;
            long status = 0;
            curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
            done++;
            bad += m->data.result != CURLE_OK || status != 200;
            curl_multi_remove_handle(multi, c);
            curl_multi_add_handle(multi, c);
        }
        curl_multi_poll(multi, NULL, 0, 100, NULL);
    }
    printf("{\"requests\": %ld, \"rps\": %.0f, \"errors\": %ld}\n", done, (double)done / (now() - began), bad);
    return 0;
}
