"""Callbacks: what is genuine is read, and nothing else gets through, whatever it is."""

import base64
import hashlib
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import SecretStr

from filing.model import CHINA
from gateways.wechat.callbacks import (
    MOST_BODY,
    AuthorisationPush,
    CallbackKeys,
    CallbackRefused,
    CombinedPush,
    FaceCheckPush,
    Fault,
    FilingPush,
    Opened,
    TicketPush,
    UnknownPush,
    open_callback,
)
from tests.gateways.pushing import (
    AES_KEY,
    COMPONENT,
    CREATED,
    TOKEN,
    Call,
    Platform,
    face_check,
    filing_result,
    inner,
    outer,
    ticket,
)

APPID = "wx1a2b3c4d5e6f7a8b"
PLATFORM = Platform()
KEYS = CallbackKeys(COMPONENT, SecretStr(TOKEN), SecretStr(AES_KEY))
WITHIN = timedelta(minutes=5)


def opened(call: Call, keys: CallbackKeys = KEYS) -> Opened:
    return open_callback(call.query, call.body, keys, datetime.now(UTC), WITHIN)


def fault(call: Call) -> Fault:
    with pytest.raises(CallbackRefused) as refused:
        opened(call)
    assert str(refused.value) == refused.value.fault.value
    return refused.value.fault


def test_the_sealing_of_the_tests_is_the_platforms() -> None:
    # The example that the platform ships with its own libraries.
    theirs = Platform(
        "wxb11529c136998cb6", "pamtest", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
    )
    sealed = theirs.encrypt("我是中文abcd123".encode(), b"aaaabbbbccccdddd")
    assert sealed == (
        "jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGMhkP72vVOfg=="
    )


def test_the_pushes_of_the_reference_are_read() -> None:
    at = datetime.fromtimestamp(CREATED, CHINA)
    push = opened(PLATFORM.call(filing_result(APPID, 5))).push
    assert push == FilingPush(
        info_type="notify_apply_icpfiling_result", at=at, appid=APPID, status=5
    )
    push = opened(PLATFORM.call(face_check(APPID, 3))).push
    assert isinstance(push, FaceCheckPush)
    assert (push.appid, push.task_id, push.result) == (APPID, "task-1", 3)
    push = opened(
        PLATFORM.call(inner("notify_3rd_wxa_auth_and_icp", procedure_id="p-1", procedure_status=24))
    ).push
    assert isinstance(push, CombinedPush)
    assert (push.procedure_id, push.status) == ("p-1", 24)
    push = opened(PLATFORM.call(ticket("ticket@@@secret"))).push
    assert isinstance(push, TicketPush)
    assert push.ticket.get_secret_value() == "ticket@@@secret"
    assert "secret" not in f"{push!r} {push.model_dump_json()}"


@pytest.mark.parametrize(
    ("info_type", "change"),
    [
        ("authorized", "authorised"),
        ("updateauthorized", "updated"),
        ("unauthorized", "unauthorised"),
    ],
)
def test_authorisations_are_read_without_their_code(info_type: str, change: str) -> None:
    call = PLATFORM.call(
        inner(info_type, AuthorizerAppid=APPID, AuthorizationCode="queryauthcode@@@secret")
    )
    push = opened(call).push
    assert isinstance(push, AuthorisationPush)
    assert (push.appid, push.change) == (APPID, change)
    assert "secret" not in push.model_dump_json()


@pytest.mark.parametrize("status", ["", "six", "-1", "6.0", "9" * 30, "٣"])
def test_a_number_that_is_none_is_unknown(status: str) -> None:
    push = opened(PLATFORM.call(filing_result(APPID, status))).push
    assert isinstance(push, FilingPush)
    assert push.status is None


def test_extra_fields_and_doubled_ones_change_nothing() -> None:
    text = filing_result(APPID, 6, note="more", nested="<![").replace(
        "</xml>", "<beian_status>3</beian_status><list><item>1</item></list></xml>"
    )
    push = opened(PLATFORM.call(text)).push
    assert isinstance(push, FilingPush)
    assert push.status == 6


@pytest.mark.parametrize(
    "text",
    [
        inner("notify_something_new", appid=APPID, status=7, phone="13800138000", name="王芳"),
        inner("notify_apply_icpfiling_result", authorizer_appid="13800138000", name="王芳"),
        inner("component_verify_ticket", note="王芳"),
        inner("", name="王芳", phone="13800138000"),
        "<xml/>",
    ],
)
def test_what_is_not_known_is_kept_without_what_may_be_private(text: str) -> None:
    call = PLATFORM.call(text)
    result = opened(call)
    assert isinstance(result.push, UnknownPush)
    kept = result.push.model_dump_json()
    assert "13800138000" not in kept
    assert "王芳" not in kept
    assert result.sealed.encode() in call.body


def test_an_unknown_push_keeps_numbers_and_appids() -> None:
    push = opened(PLATFORM.call(inner("notify_something_new", appid=APPID, status=7, x="y"))).push
    assert isinstance(push, UnknownPush)
    assert push.appid == APPID
    assert push.fields == {"appid": APPID, "status": "7", "x": None}


def test_without_its_own_time_a_push_has_that_of_its_call() -> None:
    call = PLATFORM.call(inner("notify_something_new", CreateTime=None))
    assert opened(call).push.at == datetime.fromtimestamp(int(call.query["timestamp"]), CHINA)


def test_the_same_content_is_one_event_however_often_it_is_called() -> None:
    text = filing_result(APPID)
    one, other = opened(PLATFORM.call(text)), opened(PLATFORM.call(text))
    assert one.event_id == other.event_id
    assert one.call_id != other.call_id
    assert opened(PLATFORM.call(filing_result(APPID, 6))).event_id != one.event_id


# --- refused ---


@pytest.mark.parametrize("name", ["timestamp", "nonce", "msg_signature"])
def test_a_call_that_was_changed_is_forged(name: str) -> None:
    call = PLATFORM.call(filing_result(APPID))
    value = call.query[name]
    changed = value[:-1] + ("0" if value[-1] != "0" else "1")
    assert fault(Call(call.query | {name: changed}, call.body)) is Fault.SIGNATURE


def test_who_does_not_know_the_token_is_refused() -> None:
    forged = Platform(token="another-token").call(filing_result(APPID))
    assert fault(forged) is Fault.SIGNATURE
    other = PLATFORM.call(filing_result(APPID, 6))
    swapped = Call(PLATFORM.call(filing_result(APPID)).query, other.body)
    assert fault(swapped) is Fault.SIGNATURE


@pytest.mark.parametrize("name", ["timestamp", "nonce", "msg_signature"])
@pytest.mark.parametrize("value", [None, "", "x" * 200, "签名", "\x00", "１２", "-5", "1e9"])
def test_a_parameter_that_is_none_is_refused(name: str, value: str | None) -> None:
    call = PLATFORM.call(filing_result(APPID))
    query = {key: text for key, text in call.query.items() if key != name}
    if value is not None:
        query[name] = value
    assert fault(Call(query, call.body)) in (Fault.QUERY, Fault.SIGNATURE)


@pytest.mark.parametrize("seconds", [-301, 301, -(10**9), 10**9])
def test_a_call_of_another_time_is_stale(seconds: int) -> None:
    call = PLATFORM.call(filing_result(APPID), at=time.time() + seconds)
    assert fault(call) is Fault.STALE


@pytest.mark.parametrize("seconds", [-290, 290])
def test_a_clock_may_be_a_little_off(seconds: int) -> None:
    opened(PLATFORM.call(filing_result(APPID), at=time.time() + seconds))


def test_what_was_made_for_another_component_is_refused() -> None:
    other = Platform(appid="wxc0ffee0000000002")
    assert fault(other.call(filing_result(APPID))) is Fault.RECEIVER
    mixed = other.call("", sealed=other.encrypt(filing_result(APPID).encode()))
    assert fault(Call(mixed.query, mixed.body.replace(b"0002", b"0001"))) is Fault.RECEIVER
    inside = filing_result(APPID).replace(COMPONENT, "wxc0ffee0000000002")
    assert fault(PLATFORM.call(inside)) is Fault.RECEIVER
    sealed = PLATFORM.encrypt(filing_result(APPID).encode())
    outside = PLATFORM.call("", sealed=sealed, body=outer(sealed, "wxc0ffee0000000002"))
    assert fault(outside) is Fault.RECEIVER


def test_another_key_is_refused() -> None:
    other = Platform(encoding_aes_key="a" * 43).call(filing_result(APPID))
    assert fault(other) is Fault.CIPHERTEXT


def padded(plain: bytes, fill: int, of: int | None = None) -> str:
    return PLATFORM.encrypt_blocks(plain + bytes([fill]) * (fill if of is None else of))


LONG = b"r" * 16 + (8).to_bytes(4, "big") + b"<xml/>  " + COMPONENT.encode()  # 46 bytes


@pytest.mark.parametrize(
    "sealed",
    [
        padded(LONG, 18).replace("=", ""),  # broken base64
        padded(LONG, 18)[:-8] + "=",
        base64.b64encode(base64.b64decode(padded(LONG, 18))[:-5]).decode(),  # no whole block
        base64.b64encode(base64.b64decode(padded(LONG, 18))[:-16]).decode(),  # no block of 32
        padded(LONG, 2),  # padded to 16
        padded(LONG, 0, 18),
        padded(LONG, 17, 18),
        padded(LONG, 33, 18),
        padded(LONG + b"\x12" * 17, 0x11, 1),
        padded(b"r" * 16 + (10**9).to_bytes(4, "big") + b"<xml/>" + COMPONENT.encode(), 20),
        padded(b"r" * 16 + (0).to_bytes(4, "big") + COMPONENT.encode(), 26),
        padded(b"r" * 16 + (26).to_bytes(4, "big") + b"<xml/>  " + COMPONENT.encode(), 18),
        padded(b"r" * 19, 13),
        padded(b"", 32),
        PLATFORM.encrypt_blocks(hashlib.sha512(b"noise").digest()),
        "",
        "====",
        "密文",
    ],
)
def test_what_is_badly_sealed_is_refused(sealed: str) -> None:
    assert fault(PLATFORM.call("", sealed=sealed)) in (Fault.CIPHERTEXT, Fault.RECEIVER)


def test_the_right_padding_of_these_cases_is_taken() -> None:
    assert isinstance(opened(PLATFORM.call("", sealed=padded(LONG, 18))).push, UnknownPush)


BOMB = (
    "<!DOCTYPE xml ["
    + '<!ENTITY a "aaaaaaaaaa">'
    + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "success",
        "<xml>",
        "<xml></xm>",
        "<xml/><xml/>",
        "<xml>&nbsp;</xml>",
        "<xml>\x00</xml>",
        "<other/>",
        '<x:xml xmlns:x="y"/>',
        '{"Encrypt": "x"}',
        "<!DOCTYPE xml><xml/>",
        '<!DOCTYPE xml SYSTEM "http://127.0.0.1:1/x.dtd"><xml/>',
        '<!DOCTYPE xml [<!ENTITY x SYSTEM "file:///etc/passwd">]><xml><InfoType>&x;</InfoType></xml>',
        BOMB + "]><xml><InfoType>&i;</InfoType></xml>",
        "<xml>" * 2000,
        b"\xff\xfe<\x00x\x00m\x00l\x00/\x00>\x00",
        '<?xml version="1.0" encoding="GBK"?><xml><a>备案</a></xml>'.encode("gbk"),
        "<xml><a>\xe9</a></xml>".encode("latin-1"),
    ],
)
def test_what_is_no_document_of_theirs_is_refused_inside_and_outside(text: str | bytes) -> None:
    data = text.encode() if isinstance(text, str) else text
    if data:
        assert fault(PLATFORM.call(data)) is Fault.CONTENT
    call = PLATFORM.call("")
    assert fault(Call(call.query, data)) is Fault.OUTER_XML


@pytest.mark.parametrize("encoding", ["gbk", "UTF-16", "nonsense"])
def test_a_wrong_declaration_does_not_matter_where_it_is_utf_8(encoding: str) -> None:
    text = f'\ufeff<?xml version="1.0" encoding="{encoding}"?>' + filing_result(APPID)
    assert isinstance(opened(PLATFORM.call(text)).push, FilingPush)


def test_what_is_huge_is_refused_before_it_is_read() -> None:
    call = PLATFORM.call(filing_result(APPID, note="x" * MOST_BODY))
    started = time.monotonic()
    assert fault(call) is Fault.OUTER_XML
    assert time.monotonic() - started < 0.1
    opened(PLATFORM.call(filing_result(APPID, note="x" * (MOST_BODY // 2))))


def test_a_deep_document_is_read_in_no_time() -> None:
    depth = 5000
    text = inner("deep").replace("</xml>", "<a>" * depth + "</a>" * depth + "</xml>")
    started = time.monotonic()
    assert isinstance(opened(PLATFORM.call(text)).push, UnknownPush)
    assert time.monotonic() - started < 0.5


@pytest.mark.parametrize("key", ["", "a" * 42, "a" * 44, "a" * 42 + "=", "密" * 43])
def test_a_wrong_key_is_told_without_its_value(key: str) -> None:
    with pytest.raises(ValueError, match="43 letters and digits") as wrong:
        CallbackKeys(COMPONENT, SecretStr(TOKEN), SecretStr(key))
    assert not key or key not in str(wrong.value)


# --- properties ---

KEY_TEXT = st.text(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", min_size=42, max_size=42
)
XML_TEXT = st.text(
    st.characters(
        codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"
    ),
    max_size=300,
)


@given(KEY_TEXT, XML_TEXT, st.binary(min_size=16, max_size=16))
def test_whatever_is_sealed_comes_out_the_same(key: str, text: str, head: bytes) -> None:
    platform = Platform(encoding_aes_key=key + "A")
    keys = CallbackKeys(COMPONENT, SecretStr(TOKEN), SecretStr(key + "A"))
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    content = ticket("").replace("<![CDATA[]]>", f"t{escaped}")
    sealed = platform.encrypt(content.encode(), head)
    push = opened(platform.call("", sealed=sealed), keys).push
    assert isinstance(push, TicketPush)
    assert push.ticket.get_secret_value() == "t" + text


SCRAPS = st.lists(
    st.sampled_from(
        [
            "<xml>", "</xml>", "<Encrypt>", "</Encrypt>", "<![CDATA[", "]]>", "<!DOCTYPE xml [",
            "<!ENTITY a 'b'>", "]>", "&a;", "&#0;", "&#x10ffff;", "<?xml version='1.0'?>", "<!--", "-->",
            "<InfoType>", "</InfoType>", "notify_apply_icpfiling_result", "<a b='c'>", "</a>", "\ufeff",
            "<?xml version='1.1' encoding='utf-7'?>", "<x:y>", "xmlns:x=''", "\x00", "{}", "[]", '"',
        ]
    )
    | st.text(max_size=5),
    max_size=20,
).map("".join)  # fmt: skip
ANYTHING = st.binary(max_size=400) | SCRAPS.map(lambda s: s.encode("utf-8", "surrogatepass"))


@given(
    st.dictionaries(
        st.sampled_from(["timestamp", "nonce", "msg_signature", "signature", "x"]),
        st.text(max_size=50) | st.integers().map(str),
    ),
    ANYTHING,
)
@example({"timestamp": "1" * 12, "nonce": "n", "msg_signature": "é"}, b"<xml/>")
def test_whatever_comes_unsigned_is_refused(query: dict[str, str], body: bytes) -> None:
    with pytest.raises(CallbackRefused):
        opened(Call(query, body))


def outcome(call: Call) -> Opened | Fault:
    try:
        return opened(call)
    except CallbackRefused as refused:
        return refused.fault


@given(ANYTHING)
def test_whatever_comes_signed_and_sealed_is_read_or_refused(content: bytes) -> None:
    result = outcome(PLATFORM.call(content))
    if isinstance(result, Opened):
        assert result.push.model_dump_json()
    else:
        assert result in (Fault.CONTENT, Fault.CIPHERTEXT, Fault.RECEIVER)


@given(st.binary(max_size=200))
def test_whatever_is_signed_and_not_sealed_is_refused(sealed: bytes) -> None:
    with pytest.raises(CallbackRefused):
        opened(PLATFORM.call("", sealed=base64.b64encode(sealed).decode()))
