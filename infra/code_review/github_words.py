"""What is written to people: a comment on each pull request of a commit, an issue for each trouble while it lasts."""

from __future__ import annotations

from collections.abc import Iterator

from infra.code_review import Comment, Trouble
from infra.code_review.github_api import GithubApi
from infra.code_review.github_calls import (
    CHANGE_COMMENT,
    CHANGE_ISSUE,
    COMMENT,
    COMMENTS,
    ISSUES,
    OPEN_ISSUE,
    PULLS,
    USER,
)
from infra.code_review.github_records import Issue, Pull, Remarked, User
from infra.http import Limited, Refused

MOST_PULLS = 5
LONGEST_BODY = 60_000  # it takes 65 536 characters


class GithubWords:
    """Comments and issues of one repository. What is ours begins with a marker that nobody sees, and is written by us:
    by the person whose token it is, or by an App where it is an App's. Anybody else may write the marker too."""

    def __init__(self, api: GithubApi) -> None:
        self._api = api
        self._login: str | None = None

    def show_comment(self, comment: Comment) -> int:
        """As `CodeReview.show_comment`; at most five, the newest."""
        body = _whole(comment.marker, comment.body)
        numbers = [comment.pull_request] if comment.pull_request else self._pulls_of(comment.version)
        shown = 0
        for number in numbers:
            found = self._comment(number, comment.marker)
            if found is None and comment.may_not_begin:
                continue
            if found is None:
                self._api.ask(COMMENT, body={"body": body}, issue_number=number)
            elif found.body != body:
                self._api.ask(CHANGE_COMMENT, body={"body": body}, comment_id=found.id)
            shown += 1
        return shown

    def show_trouble(self, trouble: Trouble) -> None:
        """As `CodeReview.show_trouble`."""
        issue = self._issue(trouble.marker)
        if issue is None:
            if not trouble.is_over:
                body = _whole(f"{trouble.marker}\n{_occasion(trouble)}", trouble.body)
                self._api.ask(OPEN_ISSUE, body={"title": trouble.title, "body": body})
            return
        self._say_on(issue, trouble)
        if trouble.is_over:
            done = {"state": "closed", "state_reason": "completed"}
            self._api.ask(CHANGE_ISSUE, body=done, issue_number=issue.number)

    def _pulls_of(self, version: str) -> list[int]:
        pulls = self._api.ask(PULLS, commit_sha=version).read(list[Pull])
        return sorted((pull.number for pull in pulls), reverse=True)[:MOST_PULLS]

    def _say_on(self, issue: Issue, trouble: Trouble) -> None:
        said = _occasion(trouble)
        if said in (issue.body or "") and not trouble.is_over:
            return
        if self._comment(issue.number, said) is None:
            self._api.ask(COMMENT, body={"body": _whole(said, trouble.body)}, issue_number=issue.number)

    def _comment(self, number: int, marker: str) -> Remarked | None:
        """The oldest of ours that begins with the marker."""
        for page in self._api.pages(COMMENTS, list[Remarked], {}, issue_number=number):
            for found in page:
                if self._is_ours(found, marker):
                    return found
        return None

    def _issue(self, marker: str) -> Issue | None:
        return next((issue for issue in self._issues() if self._is_ours(issue, marker)), None)

    def _is_ours(self, found: Remarked | Issue, marker: str) -> bool:
        if not (found.body or "").startswith(marker) or found.user is None:
            return False
        login = self._who()
        return found.user.login == login if login else found.user.type == "Bot"

    def _who(self) -> str:
        """The person whose token it is, asked for once; empty for an App's, which may not ask."""
        if self._login is None:
            try:
                self._login = self._api.ask(USER).read(User).login
            except Refused as no:
                if isinstance(no, Limited) or no.status != 403:
                    raise
                self._login = ""
        return self._login

    def _issues(self) -> Iterator[Issue]:
        query = {"state": "open", "sort": "updated", "direction": "desc"}
        for page in self._api.pages(ISSUES, list[Issue], query):
            yield from (issue for issue in page if issue.pull_request is None)


def _occasion(trouble: Trouble) -> str:
    return f"<!-- occasion {trouble.occasion} -->"


def _whole(marker: str, body: str) -> str:
    return f"{marker}\n{body}"[:LONGEST_BODY]
