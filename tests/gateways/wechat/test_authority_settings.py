"""How settings differ towards WeChat and towards the sandbox."""

from datetime import timedelta

import pytest
from pydantic import SecretStr, ValidationError

from filing.vocabulary import AuthorityMode
from settings import Settings


def wechat(**given: object) -> Settings:
    return Settings.model_validate(
        {
            "authority": AuthorityMode.WECHAT,
            "wechat_component_appid": "wx0000000000000001",
            "wechat_component_secret": "s",
        }
        | given
    )


def test_the_sandboxs_secrets_never_go_to_wechat() -> None:
    chosen = wechat()
    assert chosen.first_ticket.get_secret_value() == ""
    assert chosen.first_refresh_token.get_secret_value() == ""
    set_ = wechat(wechat_component_ticket="t", wechat_authorizer_refresh_token="r")
    assert set_.first_ticket == SecretStr("t")
    assert set_.first_refresh_token == SecretStr("r")
    assert Settings().first_ticket == SecretStr("ticket@@@sandbox")


def test_wechat_needs_its_own_platform() -> None:
    with pytest.raises(ValidationError, match="BEIAN_WECHAT_COMPONENT_SECRET"):
        Settings(authority=AuthorityMode.WECHAT, wechat_component_appid="wx0000000000000001")


def test_wechat_is_asked_less_and_waited_for_longer() -> None:
    assert (wechat().authority_rate, Settings().authority_rate) == (10.0, None)
    assert wechat(authority_per_second=3).authority_rate == 3.0
    assert Settings(authority_per_second=3).authority_rate == 3.0
    assert (wechat().pushed_pause, Settings().pushed_pause) == (timedelta(days=1), None)
    assert wechat(poll_pushed=0).pushed_pause is None
    assert (wechat().longest_wait, Settings().longest_wait) == (None, timedelta(seconds=30))


@pytest.mark.parametrize(
    ("name", "value"),
    [("poll_share", 0), ("poll_share", 1.1), ("authority_per_second", 0), ("poll_pushed", -1)],
)
def test_what_makes_no_sense_is_refused(name: str, value: float) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({name: value})
