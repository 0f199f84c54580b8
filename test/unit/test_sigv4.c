/* Amazon's own examples of Signature Version 4 for S3 ("Authenticating Requests", key AKIAIOSFODNN7EXAMPLE). */
#include "net/sigv4.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static const struct sigv4_key key = {"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1"};
static const char TIME[] = "20130524T000000Z", HOST[] = "examplebucket.s3.amazonaws.com";
static const char EMPTY[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

static void expect(const struct sigv4_request *r, const char *names, const char *signature)
{
    struct arena a;
    arena_init(&a);
    assert_string_equal(sigv4_authorization(&a, &key, r, TIME),
                        arena_printf(&a, "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=%s,Signature=%s", names, signature));
    arena_release(&a);
}

static void test_get_object(void **state)
{
    (void)state;
    const struct sigv4_header h[] = {{"host", HOST}, {"range", "bytes=0-9"}, {"x-amz-content-sha256", EMPTY}, {"x-amz-date", TIME}};
    expect(&(struct sigv4_request){"GET", "/test.txt", "", h, 4, EMPTY}, "host;range;x-amz-content-sha256;x-amz-date", "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

static void test_put_object(void **state)
{
    (void)state;
    static const char payload[] = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
    const struct sigv4_header h[] = {{"date", "Fri, 24 May 2013 00:00:00 GMT"}, {"host", HOST}, {"x-amz-content-sha256", payload}, {"x-amz-date", TIME}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}};
    struct arena a;
    arena_init(&a);
    expect(&(struct sigv4_request){"PUT", sigv4_escape_path(&a, "/test$file.text"), "", h, 5, payload}, "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
           "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
    arena_release(&a);
}

static void test_parameters(void **state)
{
    (void)state;
    const struct sigv4_header h[] = {{"host", HOST}, {"x-amz-content-sha256", EMPTY}, {"x-amz-date", TIME}};
    expect(&(struct sigv4_request){"GET", "/", "lifecycle=", h, 3, EMPTY}, "host;x-amz-content-sha256;x-amz-date", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
    expect(&(struct sigv4_request){"GET", "/", "max-keys=2&prefix=J", h, 3, EMPTY}, "host;x-amz-content-sha256;x-amz-date", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

static void test_link(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a);
    assert_string_equal(sigv4_presigned(&a, &key, "https://examplebucket.s3.amazonaws.com", HOST, "/test.txt", "", TIME, 86400),
                        "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
                        "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
    arena_release(&a);
}

static void test_time_and_names(void **state)
{
    (void)state;
    char time[SIGV4_TIME];
    struct arena a;
    arena_init(&a);
    sigv4_time(1369353600123, time);
    assert_string_equal(time, TIME);
    assert_string_equal(sigv4_escape_path(&a, "a b/\xc3\xa9+~"), "a%20b/%C3%A9%2B~");
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_get_object), cmocka_unit_test(test_put_object), cmocka_unit_test(test_parameters), cmocka_unit_test(test_link),
                                       cmocka_unit_test(test_time_and_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
