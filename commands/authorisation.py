"""For operations: mini programs authorise the platform, and its ticket is pushed."""

from typing import Annotated

import typer

from commands.console import Exit, Json, fail, line, print_json, run, settings, text_option

app = typer.Typer(
    name="authorisation",
    help="Authorisations: mini programs whose owners let the platform file for them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Code = Annotated[
    str,
    text_option("--code", "CODE", "The code that the authorisation page gives back (auth_code)."),
]


@app.command("begin")
def begin(json_: Json = False) -> None:
    """Get a code for the page of the Open Platform where an owner authorises; good for 30 minutes.

    With --json: {"component_appid", "pre_auth_code"}.
    """
    code = run(_begin())
    component = settings().wechat_component_appid
    if json_:
        print_json({"component_appid": component, "pre_auth_code": code})
    else:
        line(f"component_appid {component}")
        line(f"pre_auth_code {code}, good for 30 minutes")
        line(
            "next: the owner opens the Open Platform's authorisation page with both; what comes back "
            "as auth_code: starter.py authorisation keep --code CODE"
        )


async def _begin() -> str:
    from operations.authorisation import NotTaken, authority_client

    try:
        async with authority_client(settings()) as client:
            return await client.pre_auth_code()
    except NotTaken as error:
        fail(str(error), Exit.NO)


@app.command("keep")
def keep(code: Code, json_: Json = False) -> None:
    """Redeem the code that the page gave back, and keep the mini program's authorisation.

    With --json: {"appid"}.
    """
    appid = run(_keep(code))
    if json_:
        print_json({"appid": appid})
    else:
        line(f"{appid} has authorised the platform")


async def _keep(code: str) -> str:
    from operations.authorisation import NotTaken, authority_client

    try:
        async with authority_client(settings()) as client:
            return await client.authorise(code)
    except NotTaken as error:
        fail(str(error), Exit.NO)


@app.command("push-ticket")
def push_ticket() -> None:
    """Have the authority push the platform's ticket every 10 minutes, to its receiver."""
    run(_push_ticket())
    line("the ticket is pushed from now on")


async def _push_ticket() -> None:
    from operations.authorisation import NotTaken, authority_client

    try:
        async with authority_client(settings()) as client:
            await client.start_push_ticket()
    except NotTaken as error:
        fail(str(error), Exit.NO)
