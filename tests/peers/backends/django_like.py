"""Judges requests as Django does behind a proxy: ALLOWED_HOSTS, SECURE_PROXY_SSL_HEADER, and the CSRF check of a POST's
Origin against scheme and Host (django.middleware.csrf). Answers with what a view would see.

    python3 django_like.py ALLOWED_HOST…
"""

import json
import re
import sys
from wsgiref.simple_server import WSGIRequestHandler, make_server

ALLOWED_HOSTS = sys.argv[1:]


def is_allowed(host):
    name = re.sub(r":\d+$", "", host)
    return any(name == entry or (entry.startswith(".") and (name == entry[1:] or name.endswith(entry)))
               for entry in ALLOWED_HOSTS)


def application(environ, start_response):
    def answer(status, **facts):
        start_response(status, [("Content-Type", "application/json")])
        return [json.dumps(facts).encode() + b"\n"]

    host = environ.get("HTTP_HOST", "")
    if not is_allowed(host):
        return answer("400 Bad Request", error=f"Invalid HTTP_HOST header: {host!r}")
    # SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https"), whose first value Django takes.
    secure = environ.get("HTTP_X_FORWARDED_PROTO", "").split(",")[0].strip() == "https"
    scheme = "https" if secure else "http"
    origin = environ.get("HTTP_ORIGIN")
    if environ["REQUEST_METHOD"] == "POST" and origin is not None and origin != f"{scheme}://{host}":
        return answer("403 Forbidden", error=f"Origin checking failed - {origin} does not match")
    return answer("200 OK", absolute_uri=f"{scheme}://{host}{environ['PATH_INFO']}", is_secure=secure,
                  forwarded_host=environ.get("HTTP_X_FORWARDED_HOST"), client=environ.get("HTTP_X_FORWARDED_FOR"))


class Quiet(WSGIRequestHandler):
    def log_message(self, *arguments):
        pass


with make_server("127.0.0.1", 0, application, handler_class=Quiet) as server:
    print(json.dumps({"listening": server.server_port}), flush=True)
    server.serve_forever()
