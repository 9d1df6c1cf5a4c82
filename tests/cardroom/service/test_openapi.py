"""What pages say about themselves, the document made of it, and the page to read it."""

import json
from typing import Any

import jsonschema_rs
import pytest
from attrs import field, frozen
from quart.typing import TestClientProtocol as Client
from quart_trio import QuartTrio

from cardroom.service.http import RefusedRequest, add_health_pages, make_app, read_body
from cardroom.service.openapi import (
    EVERYBODY,
    PLAYER,
    About,
    Answer,
    Page,
    admin,
    is_for_administrators,
    is_for_everybody,
    is_for_players,
    page_of,
    whole_parameter,
)
from cardroom.service.openapi_document import UNDOCUMENTED, describe, undocumented
from cardroom.service.openapi_page import write_page
from cardroom.service.openapi_served import add_documents
from cardroom.service.problems import Problem, write_problem
from cardroom.wire.codec import Codec, Encoding
from cardroom.wire.json_schema import letters
from cardroom.wire.lobby import Credentials
from cardroom.wire.refusals import Refusal
from tests.cardroom.service.test_http import LOG


@frozen
class Note:
    """A note <b>with</b> signs."""

    text: str = field(metadata=letters(1, 9))


NOTES = Codec[Note](Note, Encoding.JSON, 4096, {})
OTHERS = Codec[Credentials](Credentials, Encoding.JSON, 4096, {})


def example() -> QuartTrio:
    app = make_app("example", LOG)
    add_health_pages(app, dict)

    @app.post("/notes/<int:number>")
    @Page(
        tag="notes",
        who=admin("finance"),
        takes=Note,
        parameters=(whole_parameter("limit", 1, 200, "How many", otherwise=50),),
        answers={201: Answer(Note, headers={"ETag": "Its version"})},
        refuses={404: (Refusal.NO_SUCH_TABLE,), 409: (Refusal.NAME_TAKEN,)},
    )
    async def write(number: int) -> str:
        """Write a note.

        It may be repeated.
        """
        return f"{number} {(await read_body(NOTES)).text}"

    @app.get("/mine")
    @Page(tag="notes", who=PLAYER, answers={200: Answer(None, "text/csv"), 204: None})
    async def mine() -> str:
        """Give my notes."""
        return ""

    @app.post("/mistaken")
    @Page(tag="notes", takes=Note, answers={204: None})
    async def mistaken() -> str:
        """Read another body than is said."""
        return (await read_body(OTHERS)).email

    return app


@pytest.fixture
def document() -> dict[str, Any]:
    return describe(example(), About("Notes", "All notes."))


def operation(document: dict[str, Any], method: str, path: str) -> dict[str, Any]:
    found: dict[str, Any] = document["paths"][path][method]
    return found


def codes(operation: dict[str, Any], status: int) -> list[str]:
    content = operation["responses"][str(status)]["content"]["application/problem+json"]
    found: list[str] = content["schema"]["allOf"][1]["properties"]["code"]["enum"]
    return found


def test_an_operation_has_what_its_page_says(document: dict[str, Any]) -> None:
    write = operation(document, "post", "/notes/{number}")
    assert document["openapi"].startswith("3.1")
    assert (write["summary"], write["operationId"], write["tags"]) == (
        "Write a note.", "post_notes_number", ["notes"],
    )  # fmt: skip
    assert "It may be repeated." in write["description"]
    assert write["security"] == [{"administrator": ["finance"]}]
    assert write["requestBody"]["required"]
    assert [one["name"] for one in write["parameters"]] == ["number", "limit"]
    assert write["parameters"][0]["schema"]["maximum"] == 2**63 - 1
    assert write["responses"]["201"]["headers"]["ETag"]["description"] == "Its version"


def test_the_usual_refusals_are_added(document: dict[str, Any]) -> None:
    write = operation(document, "post", "/notes/{number}")
    assert set(write["responses"]) == {
        "201", "400", "401", "403", "404", "409", "413", "415", "429", "500", "503",
    }  # fmt: skip
    assert codes(write, 401) == ["not_authenticated", "token_expired"]
    assert codes(write, 404) == ["not_found", "no_such_table"]
    assert codes(write, 409) == ["name_taken"]
    mine = operation(document, "get", "/mine")
    assert set(mine["responses"]) == {"200", "204", "401", "403", "429", "500", "503"}
    assert codes(mine, 403) == ["address_blocked", "country_blocked", "user_blocked"]
    assert mine["responses"]["200"]["content"] == {"text/csv": {"schema": {"type": "string"}}}
    assert "content" not in mine["responses"]["204"]


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    for name in {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}:
        jsonschema_rs.meta.validate(document["components"]["schemas"][name])
    assert set(document["components"]["securitySchemes"]) == {"player", "administrator"}


def test_a_document_shows_what_it_is_for() -> None:
    app = example()
    everybody = describe(app, About("a", "b", shows=is_for_everybody))
    assert "/notes/{number}" not in everybody["paths"]
    assert "administrator" not in everybody["components"]["securitySchemes"]
    assert [*describe(app, About("a", "b", shows=is_for_administrators))["paths"]] == ["/notes/{number}"]
    assert [*describe(app, About("a", "b", shows=is_for_players))["paths"]] == ["/mine"]


def test_a_page_that_says_nothing_is_found() -> None:
    app = example()
    assert undocumented(app) == []
    assert UNDOCUMENTED not in describe(app, About("a", "b"))

    @app.get("/quiet")
    async def quiet() -> str:
        """Say nothing about itself."""
        return ""

    @app.get("/nameless")
    @Page(tag="notes", who=EVERYBODY, answers={204: None})
    async def nameless() -> str:
        return ""

    assert undocumented(app) == ["/quiet", "/nameless"]
    assert describe(app, About("a", "b"))[UNDOCUMENTED] == ["/quiet", "/nameless"]
    assert page_of(quiet) is None


@pytest.mark.parametrize("body", ['{"text":1}', '{"text":"a","more":1}', "{}", "[]", '{"text":"a"} x'])
async def test_what_the_document_forbids_is_refused(body: str, document: dict[str, Any]) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await example().test_client().post("/notes/1", data=body, headers=headers)
    assert answer.status_code == 400
    problem = json.loads(await answer.get_data(as_text=False))
    assert jsonschema_rs.is_valid(
        {"$ref": "#/components/schemas/Problem", "components": document["components"]}, problem
    )


async def test_a_page_that_reads_another_body_than_it_says_is_our_mistake() -> None:
    answer = await example().test_client().post("/mistaken", json={"email": "a", "password": "b"})
    assert answer.status_code == 500


def served(prefix: str = "") -> Client:
    app = example()
    add_documents(app, About("Notes", "All notes.", prefix=prefix))
    return app.test_client()


@pytest.mark.parametrize("path", ["/openapi.json", "/docs", "/admin/openapi.json", "/admin/docs"])
async def test_documents_are_kept_by_who_has_them(path: str) -> None:
    client = served(path.rpartition("/")[0])
    first = await client.get(path)
    again = await client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code) == (200, 304)
    assert await again.get_data(as_text=False) == b""
    assert len(await first.get_data(as_text=False)) > 1000
    other = await client.get(path, headers={"If-None-Match": '"another"'})
    assert other.status_code == 200


async def test_the_page_loads_nothing_and_escapes_all() -> None:
    answer = await served().get("/docs")
    html = (await answer.get_data(as_text=False)).decode()
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert "://" not in html.replace("http://www.w3.org", "")
    assert "src=" not in html
    assert "A note &lt;b&gt;with&lt;/b&gt; signs." in html
    assert "Write a note." in html
    assert 'id="post_notes_number"' in html


def test_the_page_has_every_operation_and_every_class(document: dict[str, Any]) -> None:
    html = write_page(document).html
    for operations in document["paths"].values():
        for one in operations.values():
            assert f'id="{one["operationId"]}"' in html
    for name in document["components"]["schemas"]:
        assert f'id="{name}"' in html


def test_problems_have_members_of_their_own_besides() -> None:
    written = write_problem(409, Refusal.ROUTE_STALE, "moved", route={"url": "ws://there"})
    assert written["route"] == {"url": "ws://there"}
    assert {"type", "title", "status", "code", "detail"} <= written.keys()
    assert "detail" not in write_problem(404, Refusal.NOT_FOUND)
    assert Problem(**write_problem(404, Refusal.NOT_FOUND)).status == 404


async def test_a_refusal_that_a_page_raises_is_such_a_problem() -> None:
    app = make_app("example", LOG)

    @app.get("/refused")
    async def refused() -> str:
        raise RefusedRequest(409, Refusal.NAME_TAKEN, "a note", {"note": 7})

    answer = await app.test_client().get("/refused")
    assert (await answer.get_json())["note"] == 7
