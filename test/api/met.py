"""What of spec/ a whole run has met. A run that is cut into parts (API_PART=1/2 …) keeps what each has met, and is judged together:

    met.py FILE…"""
import json
import pathlib
import sys

NOT_HERE = {
    "bad_meeting_token": "says what is wrong with the token at hand, never its own words: test_daily_facade_calls.py reads them",
    "screenshare.stopped": "follows a renegotiation that only a real page does; in the browser tests",
}
KINDS = ("routes", "errors", "events")


def judge(seen):
    """True if every row was met. `seen`: of each kind what was met, and as all_… what there is."""
    unseen = sorted(set().union(*(seen["all_" + kind] - seen[kind] for kind in KINDS)))
    missing = [name for name in unseen if name not in NOT_HERE]
    stale = [name for name in NOT_HERE if name not in unseen]
    if missing or stale:
        print(f"\nnever met by any test: {missing}\nexceptions that are none any more: {stale}")
    return not missing and not stale


def main():
    parts = [json.loads(pathlib.Path(path).read_text()) for path in sys.argv[1:]]
    whole = {name: set().union(*(part[name] for part in parts)) for kind in KINDS for name in (kind, "all_" + kind)}
    met = judge(whole)
    if met:
        print(f"every route ({len(whole['all_routes'])}), error ({len(whole['all_errors'])}) and event ({len(whole['all_events'])}) of spec/ was met")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
