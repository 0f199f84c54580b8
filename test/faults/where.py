"""Which scene goes past which places: one process of a run plays each of them once, without a fault, and tells the others."""
import fcntl
import json
import os
import pathlib

import invariants
import scenes


def places(world, kind, played):
    """Place to scene, of those that are played in such a world."""
    if not hasattr(world, "where"):
        named = {scene.__name__: scene for scene in played}
        world.where = {place: named[name] for place, name in shared(kind, lambda: met(world, played)).items()}
    return world.where


def shared(kind, find):
    with open(pathlib.Path(os.environ["FAULT_SHARED"]) / kind, "a+") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        f.seek(0)
        known = f.read()
        if not known:
            known = json.dumps(find())
            f.write(known)
        return json.loads(known)


def met(world, played):
    where = {}
    world.rest()  # what happens once, at the start, belongs to no scene
    for scene in played:
        before = world.control.passed()
        scene(world)
        for name, count in world.control.passed().items():
            if count > before[name] and scenes.ONLY.get(name, scene) is scene:
                where.setdefault(name, scene.__name__)
    invariants.afterwards(world)
    return where
