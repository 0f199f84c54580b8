/* main.c - the list of subcommands. `serve` (cli/serve.c) is where the server is put together. */
#include "cli/cli.h"
#include <stdio.h>
#include <string.h>

const struct command commands[] = {
    {"serve", "roomd serve [--data DIR] [--listen ADDRESS:PORT] [--public-url URL] [--web DIR] [--config FILE]", "Run the server.", cmd_serve},
    {"setup", "roomd setup [--data DIR]", "Make the first administrator and print the password.", cmd_setup},
    {"migrate", "roomd migrate [--data DIR]", "Bring the database to this program's version (serve does it too).", cmd_migrate},
    {"user", "roomd user add --email E [--name N] [--role admin|teacher|student] --password-stdin | passwd --email E | list", "Accounts; works beside a running server. Passwords are read from standard input.", cmd_user},
    {"key", "roomd key add --name N [--scope 'WORD …'] | revoke --id ID | list", "Keys for other backends; the key is printed once. Without --scope one may do everything; the words are in doc/api.md.", cmd_key},
    {"recordings", "roomd recordings list | fetch ID [--to DIR]", "Recordings and their files.", cmd_recordings},
    {"events", "roomd events tail [--follow] [--after ID]\n       roomd events list [WHICH] [--limit N]          what providers have told, oldest first\n"
               "       roomd events show ID                           one of them, with its bytes\n       roomd events replay ID… | WHICH | --all [--dry-run] [--wait SECONDS]\n"
               "                                                      have them looked at again; beside a running server, too\n"
               "WHICH: --set-aside | --state STATE   --provider NAME   --type TYPE   --room NAME   --from ID --to ID   --since TIME --until TIME",
     "What happened here, and what providers have told. What is looked at again changes nothing that it has changed before.", cmd_events},
    {"privacy", "roomd privacy export --user ID|EMAIL\n       roomd privacy erase --user ID|EMAIL --confirm EMAIL [--media own|all]\n"
                "       roomd privacy status --user ID                 how far that is\n       roomd privacy find --guest TEXT                people without an account\n"
                "       roomd privacy export --guest WHO\n       roomd privacy erase --guest WHO --seats N [--media own|all]",
     "All that is known of a person; forgetting them (the running server does it).", cmd_privacy},
    {"doctor", "roomd doctor [--data DIR]", "Say what is missing on this box and how to mend it.", cmd_doctor},
    {"daily", "roomd daily webhooks list | create [--url URL] [--events NAME,…] [--retry exponential|circuit-breaker] | recreate [--pattern TEXT] | delete [--pattern TEXT]   [--json]", "The webhook by which Daily.co tells this server; without --pattern: those that lead to PUBLIC_URL.", cmd_daily},
    {"livekit", "roomd livekit check [--skip NAME,…] [--wait SECONDS] [--json]", "Say what is wrong with the LiveKit server's URL, key, clock, webhook, Redis, egress, SIP.", cmd_livekit},
    {"openapi", "roomd openapi", "Print the API's description.", cmd_openapi},
    {"version", "roomd version", "Print the version.", cmd_version},
    {0}};

static int list_commands(FILE *to)
{
    fputs("roomd - live video sessions on your own box\n\nusage: roomd COMMAND [OPTIONS]; roomd COMMAND --help says more\n\n", to);
    for (const struct command *c = commands; c->name; c++) fprintf(to, "  %-11s %s\n", c->name, c->summary);
    return to == stdout ? EXIT_DONE : EXIT_USAGE;
}

int main(int argc, char **argv)
{
    cli_have_memory_or_end();
    if (argc < 2) return list_commands(stderr);
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) return list_commands(stdout);
    if (!strcmp(argv[1], "--version")) return cmd_version(0, NULL);
    for (const struct command *c = commands; c->name; c++)
        if (!strcmp(c->name, argv[1])) return c->run(argc - 1, argv + 1);
    fprintf(stderr, "roomd: there is no command \"%s\"\n", argv[1]);
    return list_commands(stderr);
}
