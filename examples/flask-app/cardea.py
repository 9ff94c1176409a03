import functools
import http.client
import json
import os
from urllib.parse import quote, urlencode, urlsplit

from flask import abort, current_app, g, redirect, request

CARDEA = urlsplit(os.environ.get("CARDEA_URL", "http://127.0.0.1:5000"))  # for this app
ACCOUNTS = os.environ.get("ACCOUNTS_URL", "http://localhost:5000")  # for browsers
APP = os.environ.get("APP_URL", "http://localhost:8000")  # this app, for browsers
COOKIES = [os.environ.get("CARDEA_COOKIE_NAME", "session")]
Connection = http.client.HTTPSConnection if CARDEA.scheme == "https" else http.client.HTTPConnection


def ask_cardea():
    """Returns the user of this request, or None if nobody is signed in."""
    cookies = [c.strip() for c in request.headers.get("Cookie", "").split(";")]
    session = "; ".join(c for c in cookies if c.partition("=")[0] in COOKIES)
    if not session:
        return None
    connection = Connection(CARDEA.netloc, timeout=2)
    try:
        connection.request("GET", "/api/user", headers={"Cookie": session})
        answer = connection.getresponse()
        if answer.status == 401:
            return None
        if answer.status != 200:
            raise OSError(f"Cardea answers {answer.status}")
        g.cookies = answer.headers.get_all("Set-Cookie", [])  # in exchange for Flask's
        return json.load(answer)["user"]
    except (OSError, http.client.HTTPException, ValueError) as error:
        current_app.logger.error("cannot ask Cardea who is signed in: %s", error)
        abort(503)  # not 401: the user may be signed in
    finally:
        connection.close()


def current_user():
    if "user" not in g:
        g.user = ask_cardea()  # once for each request
    return g.user


def signed_in(view):
    """Leads browsers of signed-out users to the sign-in and back. Programs get 401."""

    @functools.wraps(view)
    def guarded(*args, **kwargs):
        if current_user():
            return view(*args, **kwargs)
        is_page = "text/html" in request.headers.get("Accept", "")
        navigates = request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
        if request.method == "GET" and is_page and navigates:
            here = APP + quote(request.script_root + request.path)
            if request.query_string:
                here += "?" + request.query_string.decode("latin-1")
            query = "?" + urlencode({"next": here}) if len(here) <= 2048 else ""
            return redirect(ACCOUNTS + "/login" + query)
        abort(401)

    return guarded


def keep_private(response):
    if "user" in g:  # the page depends on it
        response.headers["Cache-Control"] = "no-store"
    for cookie in g.get("cookies", []):
        response.headers.add("Set-Cookie", cookie)
    return response


def use_in(app):
    app.config["SESSION_COOKIE_NAME"] = "app_session"  # session is Cardea's
    app.after_request(keep_private)
