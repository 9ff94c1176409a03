import os
import sys

from django.conf import settings
from django.core.management import execute_from_command_line
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path
from django.utils.html import format_html

import cardea

settings.configure(
    ALLOWED_HOSTS=os.environ.get("APP_HOSTS", "localhost,127.0.0.1").split(","),
    ROOT_URLCONF=__name__,
    SECRET_KEY=os.environ.get("SECRET_KEY", "only for a first look"),
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "cardea.Middleware",
    ],
    CARDEA_URL=os.environ.get("CARDEA_URL", "http://127.0.0.1:5000"),  # for this app
    ACCOUNTS_URL=os.environ.get("ACCOUNTS_URL", "http://localhost:5000"),  # for browsers
    APP_URL=os.environ.get("APP_URL", "http://localhost:8000"),  # this app, for browsers
    CARDEA_COOKIE_NAME=os.environ.get("CARDEA_COOKIE_NAME", "session"),
)


def home(request):
    user = request.cardea_user
    if user:
        link = settings.ACCOUNTS_URL + "/logout"
        return HttpResponse(format_html('Hello, {}. <a href="{}">Sign out</a>', user["name"], link))
    link = settings.ACCOUNTS_URL + "/login"
    return HttpResponse(format_html('Hello, stranger. <a href="{}">Sign in</a>', link))


@cardea.signed_in
def orders(request):
    user = request.cardea_user
    return HttpResponse(format_html("Orders of {}, whose id is {}", user["name"], user["id"]))


urlpatterns = [path("", home), path("orders", orders)]
application = get_wsgi_application()

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
