/* bucket.c - a room that records raw tracks into a bucket of one's own: built, checked, shown as it goes over the wire, and made.
 *
 *   DAILY_API_KEY=… bucket [ROOM] */
#include "client.h"

int main(int argc, char **argv)
{
    struct dailyco_error e;
    struct dailyco_memory *m = dailyco_memory_create();

    struct dailyco_recordings_bucket bucket = {0};
    DAILYCO_SET(&bucket, dailyco_recordings_bucket, bucket_name, "my-recordings-bucket");
    DAILYCO_SET(&bucket, dailyco_recordings_bucket, bucket_region, "us-east-1");
    DAILYCO_SET(&bucket, dailyco_recordings_bucket, assume_role_arn, "arn:aws:iam::123456789:role/DailyRecordings");
    DAILYCO_SET(&bucket, dailyco_recordings_bucket, allow_api_access, true);
    struct dailyco_room_properties properties = {0};
    DAILYCO_SET(&properties, dailyco_room_properties, enable_recording, "raw-tracks");
    DAILYCO_SET(&properties, dailyco_room_properties, enable_chat, true);
    DAILYCO_SET(&properties, dailyco_room_properties, enable_screenshare, true);
    DAILYCO_SET(&properties, dailyco_room_properties, start_video_off, false);
    DAILYCO_SET(&properties, dailyco_room_properties, start_audio_off, false);
    DAILYCO_SET(&properties, dailyco_room_properties, recordings_bucket, &bucket);
    struct dailyco_room_create request = {0};
    DAILYCO_SET(&request, dailyco_room_create, name, argc > 1 ? argv[1] : "production-meeting");
    DAILYCO_SET(&request, dailyco_room_create, privacy, "private");
    DAILYCO_SET(&request, dailyco_room_create, properties, &properties);

    if (!DAILYCO_VALIDATE(dailyco_room_create, &request, &e)) need(NULL, &e);
    printf("%s\n", DAILYCO_SERIALISE(dailyco_room_create, &request, m)); /* what was not set is not there */

    struct dailyco *c = open_client();
    const struct dailyco_room *room = need(dailyco_create_room(c, &request, m, &e), &e);
    printf("%s records into %s\n", room->url, room->config && room->config->recordings_bucket ? or_none(room->config->recordings_bucket->bucket_name) : "Daily's bucket");
    dailyco_destroy(c);
    dailyco_memory_destroy(m);
    return 0;
}
