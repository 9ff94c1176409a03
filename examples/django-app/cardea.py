import functools
import http.client
import json
import logging
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.functional import SimpleLazyObject


class Unavailable(Exception):
    """Cardea does not answer, so nobody knows who is signed in."""


class Middleware:
    """Sets request.cardea_user: the user, or something false if nobody is signed in.

    It asks Cardea when a view or a template first looks.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        def look():
            request.cardea_asked = True
            return ask(request)

        request.cardea_asked = False
        request.cardea_user = SimpleLazyObject(look)
        response = self.get_response(request)
        if request.cardea_asked:  # the page depends on the user
            response["Cache-Control"] = "no-store"
        return response

    def process_exception(self, request, exception):
        if isinstance(exception, Unavailable):
            logging.getLogger("cardea").error("cannot ask Cardea who is signed in: %s", exception)
            return HttpResponse("Accounts are not available. Try again soon.", status=503)
        return None


def ask(request):
    cookies = [c.strip() for c in request.headers.get("Cookie", "").split(";")]
    session = "; ".join(c for c in cookies if c.startswith(settings.CARDEA_COOKIE_NAME + "="))
    if not session:
        return None
    url = urlsplit(settings.CARDEA_URL)
    connect = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = connect(url.netloc, timeout=2)
    try:
        connection.request("GET", "/api/user", headers={"Cookie": session})
        answer = connection.getresponse()
        if answer.status == 401:
            return None
        if answer.status != 200:
            raise OSError(f"it answers {answer.status}")
        return json.load(answer)["user"]
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unavailable(error) from error
    finally:
        connection.close()


def signed_in(view):
    """Leads browsers of signed-out users to the sign-in and back. Programs get 401."""

    @functools.wraps(view)
    def guarded(request, *args, **kwargs):
        if request.cardea_user:
            return view(request, *args, **kwargs)
        is_page = "text/html" in request.headers.get("Accept", "")
        navigates = request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
        if request.method == "GET" and is_page and navigates:
            here = settings.APP_URL + request.get_full_path()
            query = "?" + urlencode({"next": here}) if len(here) <= 2048 else ""
            return redirect(settings.ACCOUNTS_URL + "/login" + query)
        return HttpResponse("Not logged in", status=401, content_type="text/plain")

    return guarded
