/* record.c - record a room to S3 (seed: client.start_room_recording(room_name=…, output_filepath='s3://bucket/recordings/room.mp4')).
 * usage: record ROOM s3://BUCKET/KEY.mp4 | record stop EGRESS_ID
 * AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, and AWS_ENDPOINT_URL for servers other than AWS. */
#include "server.h"
#include <string.h>

/* LiveKit's recorder knows no s3:// in a path (it would be a folder of its own disk): bucket and key go separately. */
static bool split(char *address, struct livekit_s3_upload *s3, struct livekit_encoded_file_output *file)
{
    char *slash = strncmp(address, "s3://", 5) ? NULL : strchr(address + 5, '/');
    if (!slash || !slash[1]) return false;
    *slash = '\0';
    s3->bucket = address + 5;
    file->filepath = slash + 1;
    return true;
}

static const struct livekit_egress_info *start(struct livekit *client, const char *room, char *address, struct livekit_memory *memory, struct livekit_error *error)
{
    struct livekit_s3_upload s3 = {.access_key = getenv("AWS_ACCESS_KEY_ID"), .secret = getenv("AWS_SECRET_ACCESS_KEY"), .region = getenv("AWS_REGION"), .endpoint = getenv("AWS_ENDPOINT_URL")};
    struct livekit_encoded_file_output file = {.file_type = LIVEKIT_FILE_MP4, .s3 = &s3};
    if (!split(address, &s3, &file)) {
        fprintf(stderr, "\"%s\" is not s3://BUCKET/KEY\n", address);
        exit(2);
    }
    s3.force_path_style = s3.endpoint != NULL;
    struct livekit_room_composite_egress_request request = {.room_name = room, .layout = "speaker", .preset = LIVEKIT_H264_1080P_30, .file_outputs = {&file, 1}};
    const struct livekit_egress_info *egress = livekit_start_room_composite_egress(client, &request, memory, error);
    if (egress || !error->maybe_done) return egress;

    /* No answer, but it may have begun: look for the one with our file before anybody starts a second. */
    struct livekit_list_egress_request which = {.room_name = room, .active = true};
    const struct livekit_list_egress_response *list = livekit_list_egress(client, &which, memory, error);
    for (size_t i = 0; list && i < list->items.count; i++) {
        const struct livekit_room_composite_egress_request *was = list->items.items[i].room_composite;
        if (was && was->file_outputs.count && !strcmp(was->file_outputs.items[0].filepath, file.filepath)) return &list->items.items[i];
    }
    return NULL;
}

int main(int argc, char **argv)
{
    struct livekit_error error = {0};
    if (argc != 3) return fprintf(stderr, "usage: record ROOM s3://BUCKET/KEY.mp4 | record stop EGRESS_ID\n"), 2;
    struct livekit *client = connect_from_environment();
    struct livekit_memory *memory = livekit_memory_create();
    struct livekit_stop_egress_request stop = {.egress_id = argv[2]};
    const struct livekit_egress_info *egress = strcmp(argv[1], "stop") ? start(client, argv[1], argv[2], memory, &error) : livekit_stop_egress(client, &stop, memory, &error);
    if (!egress) fail(&error);
    printf("%s status %d\n", egress->egress_id, egress->status);
    livekit_memory_destroy(memory);
    livekit_destroy(client);
    return 0;
}
