"""Fixtures for tests that play a call: coroutine tests run on the stage's loop."""
import inspect
import itertools

import pytest

from stage import TONES, Actor, Hand, Stage


@pytest.fixture(scope="session")
def whole_stage(tmp_path_factory):
    stage = Stage(tmp_path_factory.mktemp("stage"))
    yield stage
    stage.close()


@pytest.fixture
def stage(whole_stage):
    yield whole_stage
    whole_stage.run(whole_stage.clear())


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    wanted = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    pyfuncitem.funcargs["stage"].run(pyfuncitem.obj(**wanted))
    return True


def cast_of(stage, server):
    """cast("Ada", …): people with accounts, a colour each; hand=True: a hand-written client instead of the page."""
    colours = itertools.cycle(TONES)

    def one(name, hand=False, account=None, colour=None):
        return (Hand if hand else Actor)(stage, name, colour or next(colours), account or server.person(name))

    return one


async def pair(cast, house, **fields):
    """Ada and Ben in a session of Ada's, each seeing and hearing the other."""
    ada, ben = cast("Ada", colour="red"), cast("Ben", colour="lime")
    session = ada.account.session(**fields)
    await ada.enter(house, session)
    await ben.enter(house, session)
    await ada.meets(ben)
    await ben.meets(ada)
    return ada, ben, session


async def sign_in(person, server):
    """A page of the person's browser, signed in."""
    page = await person.context.new_page()
    await page.goto(server.url + "/signin")
    await page.get_by_test_id("email").fill(person.account.email)
    await page.get_by_test_id("password").fill("correct horse battery")
    await page.get_by_test_id("submit").click()
    await page.get_by_test_id("account").wait_for()
    return page
