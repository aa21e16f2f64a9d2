"""Visits, posts, reactions, comments, endorsements and InMail: sections 3.2, 3.5 and 5.3 of the API."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from integrations.unipile.reading import iso_ms
from integrations.unipile.sandbox import refusals
from integrations.unipile.sandbox.calls import Answer, Call, Effect, Route, required
from integrations.unipile.sandbox.people import Person, person_rng
from integrations.unipile.sandbox.world import Account, World

REACTIONS = {
    "like": "LIKE",
    "celebrate": "PRAISE",
    "support": "APPRECIATION",
    "love": "EMPATHY",
    "insightful": "INTEREST",
    "funny": "ENTERTAINMENT",
}
POST_TEXTS = ("We are hiring!", "Three things I learned this year.", "Proud of the team.", "Off to the fair next week.")
SKILLS = ("Negotiation", "Logistics", "Python", "Public speaking", "Procurement", "Team building")
COMMENT_LIMIT = 1250
URN = "urn:li:activity:"


@dataclass(frozen=True, slots=True)
class Post:
    """Somebody's post, made up from who they are: nothing of it is stored until somebody acts on it."""

    social_id: str
    author: Person
    text: str
    days_ago: int
    comments_allowed: bool


def posts_by(world: World, person: Person) -> tuple[Post, ...]:
    """None to three, the newest first; the same in every run of a seed."""
    rng = person_rng(world.seed, "posts", person.provider_id)
    count = rng.choice((0, 1, 1, 2, 3))
    return tuple(
        Post(
            social_id=f"{URN}{person.member_number}{number}",
            author=person,
            text=rng.choice(POST_TEXTS),
            days_ago=3 + 9 * number,
            comments_allowed=rng.random() > 0.1,
        )
        for number in range(count)
    )


def skills_of(world: World, person: Person) -> list[dict[str, Any]]:
    """A few, each with the number that endorsing it takes (section 3.2)."""
    rng = person_rng(world.seed, "skills", person.provider_id)
    chosen = rng.sample(SKILLS, rng.choice((0, 2, 3)))
    return [
        {
            "name": name,
            "endorsement_count": rng.randrange(40),
            "endorsement_id": int(person.member_number) * 10 + number,
            "insights": [],
            "endorsed": False,
        }
        for number, name in enumerate(chosen)
    ]


def posts(call: Call, identifier: str) -> Answer:
    """By provider id, not by slug (section 3.5)."""
    call.account()
    person = call.world.population.known(identifier)
    if person is None:
        raise refusals.not_found("User")
    items = [_post(call, post) for post in posts_by(call.world, person)]
    return Answer({"object": "PostList", "items": items, "cursor": None, "paging": {"page_count": len(items)}})


def _post(call: Call, post: Post) -> dict[str, Any]:
    marks = [mark for mark in call.world.marks if mark["post"] == post.social_id]
    return {
        "object": "Post",
        "provider": "LINKEDIN",
        "id": post.social_id.removeprefix(URN),
        "social_id": post.social_id,
        "share_url": f"https://www.linkedin.com/feed/update/{post.social_id}",
        "text": post.text,
        "date": f"{post.days_ago}d",
        "parsed_datetime": iso_ms(call.world.started_at - timedelta(days=post.days_ago)),
        "reaction_counter": sum(mark["kind"] == "reaction" for mark in marks),
        "comment_counter": sum(mark["kind"] == "comment" for mark in marks),
        "repost_counter": 0,
        "impressions_counter": 0,
        "author": {
            "public_identifier": post.author.public_identifier,
            "id": post.author.provider_id,
            "name": post.author.name,
            "is_company": False,
            "headline": post.author.headline,
        },
        "permissions": {"can_react": True, "can_share": True, "can_post_comments": post.comments_allowed},
        "is_repost": False,
        "attachments": [],
    }


def _found(call: Call, social_id: str) -> Post:
    number = social_id.removeprefix(URN)[:-1]  # the author's member number begins the id
    for person in call.world.population.numbered(number):
        for post in posts_by(call.world, person):
            if post.social_id == social_id:
                return post
    raise refusals.not_found("Post")


def reactions(call: Call, social_id: str) -> Answer:
    call.account()
    marks = _marks(call, social_id, "reaction")
    items = [
        {"object": "PostReaction", "value": mark["value"], "post_id": social_id, **_author(mark)} for mark in marks
    ]
    paging = {"cursor": None, "start": 0, "page_count": len(items), "total_count": len(items)}
    return Answer({"object": "PostReactionList", "items": items, "paging": paging})


def comments(call: Call, social_id: str) -> Answer:
    call.account()
    marks = _marks(call, social_id, "comment")
    items = [
        {"object": "Comment", "id": mark["id"], "post_id": social_id, "text": mark["value"], "date": mark["at"]}
        | _author(mark)
        for mark in marks
    ]
    paging = {"start": 0, "page_count": len(items), "total_count": len(items)}
    return Answer(
        {"object": "CommentList", "items": items, "cursor": None, "total_items": len(items), "paging": paging}
    )


def _marks(call: Call, social_id: str, kind: str) -> list[dict[str, Any]]:
    _found(call, social_id)
    return [mark for mark in call.world.marks if mark["post"] == social_id and mark["kind"] == kind]


def _author(mark: dict[str, Any]) -> dict[str, Any]:
    account: Account = mark["account"]
    owner = account.owner
    return {
        "author": {
            "id": owner.provider_id,
            "type": "INDIVIDUAL",
            "name": owner.name,
            "headline": owner.headline,
            "profile_url": owner.address,
        }
    }


def react(call: Call) -> Answer:
    body = call.json()
    account = call.account_named(body.get("account_id"))
    post = _found(call, required(body, "post_id"))
    word = body.get("reaction_type", "like")
    if word not in REACTIONS:
        raise refusals.invalid_parameters(f"reaction_type must be one of {', '.join(REACTIONS)}")
    call.parts.rules.require_able(account, at=call.at)
    mine = [mark for mark in _marks(call, post.social_id, "reaction") if mark["account"] is account]
    for mark in mine:  # a second reaction replaces the first
        call.world.marks.remove(mark)
    _mark(call, "reaction", account, post, REACTIONS[word])
    return Answer({"object": "ReactionAdded"}, 201)


def comment(call: Call, social_id: str) -> Answer:
    body = call.json()
    account, text = call.account_named(body.get("account_id")), required(body, "text")
    post = _found(call, social_id)
    if len(text) > COMMENT_LIMIT:
        raise refusals.too_many_characters(COMMENT_LIMIT)
    call.parts.rules.require_able(account, at=call.at)
    if not post.comments_allowed:
        raise refusals.Refusal(422, "comments_disabled", "Comments disabled", "Nobody can comment on this post.")
    _mark(call, "comment", account, post, text)
    return Answer({"object": "CommentSent"}, 201)


def _mark(call: Call, kind: str, account: Account, post: Post, value: str) -> None:
    mark = {"kind": kind, "account": account, "post": post.social_id, "value": value}
    call.world.marks.append({**mark, "id": call.world.new_id(kind), "at": iso_ms(call.at)})
    call.world.enter(kind, account, post.author, at=call.at, text=value, post_id=post.social_id)


def endorse(call: Call) -> Answer:
    body = call.json()
    account = call.account_named(body.get("account_id"))
    person = call.world.population.known(required(body, "profile_id"))
    if person is None:
        raise refusals.invalid_recipient()
    call.parts.rules.require_able(account, at=call.at)
    if account.relation_with(person) is None:
        raise refusals.no_connection_with_recipient()
    wanted = body.get("skill_endorsement_id")
    skill = next((each for each in skills_of(call.world, person) if each["endorsement_id"] == wanted), None)
    if skill is None:
        raise refusals.invalid_parameters("skill_endorsement_id is no skill of this person")
    call.world.enter("endorsement", account, person, at=call.at, text=skill["name"])
    return Answer({"object": "LinkedinProfileEndorse", "endorsed": True})


def inmail_balance(call: Call) -> Answer:
    account = call.account()
    credits = account.inmail_credits if account.premium else None
    shape = {"object": "LinkedinInmailBalance", "premium": credits, "recruiter": None, "sales_navigator": None}
    return Answer(shape)


ROUTES = (
    Route("GET", "/users/<identifier>/posts", posts),
    Route("GET", "/posts/<social_id>/reactions", reactions),
    Route("GET", "/posts/<social_id>/comments", comments),
    Route("POST", "/posts/reaction", react, Effect.SEND),
    Route("POST", "/posts/<social_id>/comments", comment, Effect.SEND),
    Route("POST", "/linkedin/profile/endorse", endorse, Effect.SEND),
    Route("GET", "/linkedin/inmail_balance", inmail_balance),
)
