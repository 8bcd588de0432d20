//! `fetch/api/basic/` and `fetch/api/headers/`

use futures_util::FutureExt;
use http::{Request, Response};
use tower_cors::testing::{Browser, Fetch, Mode, Outcome, ResponseType};

use super::{Files, LOCAL, REMOTE, TLS, at, fetch, get, last, read, with};

/// Sends bytes with POST to a service that sends them back.
fn upload(bytes: &[u8], content_type: Option<&str>) -> Outcome<Vec<u8>> {
    let mut service = tower::service_fn(|request: Request<Vec<u8>>| {
        std::future::ready(Ok::<_, std::convert::Infallible>(Response::new(
            request.into_body(),
        )))
    });
    let asked = Fetch::from(Request::post(at(LOCAL, &[])).body(Vec::new())).bytes(bytes);
    let asked = match content_type {
        Some(content_type) => asked.content_type(content_type),
        None => asked,
    };
    Browser::at(LOCAL)
        .fetch(&mut service, asked)
        .now_or_never()
        .expect("nothing waits")
}

fn last_bytes<'a>(outcome: &'a Outcome<Vec<u8>>, name: &str) -> Option<&'a str> {
    super::sent(outcome.exchanges().last()?, name)
}

pub(super) fn run(files: &mut Files) {
    files.file("fetch/api/headers/header-values-normalize.html", |file| {
        // Each with XMLHttpRequest and with `fetch()`.
        for _ in 0..2 {
            for byte in (1..0x21_u8).filter(|byte| http::HeaderValue::from_bytes(&[*byte]).is_ok())
            {
                let letter = char::from(byte);
                let expected = if letter.is_ascii_whitespace() {
                    String::new()
                } else {
                    letter.to_string()
                };
                for (value, expected) in [
                    (format!("x{letter}"), format!("x{expected}")),
                    (letter.to_string(), expected.clone()),
                    (format!("{letter}x"), format!("{expected}x")),
                ] {
                    let outcome = fetch(with("POST", at(LOCAL, &[]), &[("value-test", &value)]));
                    file.check(
                        format!("{value:?}"),
                        last(&outcome, "value-test") == Some(&expected),
                        &outcome,
                    );
                }
            }
        }
    });
    files.file("fetch/api/headers/header-values.html", |file| {
        for byte in 0..=u8::MAX {
            let Ok(value) = http::HeaderValue::from_bytes(&[b'x', byte, b'x']) else {
                continue;
            };
            // With XMLHttpRequest and with `fetch()`.
            for method in ["POST", "GET"] {
                let mut request = Request::builder().method(method);
                request = request.header("value-test", value.clone());
                let asked = Fetch::from(request.body(String::new())).url(at(LOCAL, &[]));
                let outcome = fetch(asked);
                let sent = outcome.exchanges().last();
                let sent = sent.and_then(|sent| sent.request_headers().get("value-test"));
                file.check(
                    format!("{method} {value:?}"),
                    sent == Some(&value),
                    &outcome,
                );
            }
        }
    });
    files.file("fetch/api/basic/request-upload.h2.any.js", |file| {
        let stream = Request::post(at(LOCAL, &[])).body("Test".to_owned());
        let outcome = fetch(Fetch::from(stream).streaming_body());
        let arrives = outcome.response().is_some_and(|read| read.body() == "Test");
        file.check("a stream", arrives, &outcome);
    });
    files.file("fetch/api/basic/request-head.any.js", |file| {
        let asked = with("HEAD", at(LOCAL, &[]), &[]).text("test");
        let outcome = fetch(asked);
        let holds = outcome.blocked().is_some() && outcome.exchanges().is_empty();
        file.check("with a body", holds, &outcome);
    });
    files.file("fetch/api/basic/response-url.sub.any.js", |file| {
        for (url, expected) in [("/ada", "/ada"), ("/#", "/"), ("/#ada", "/"), ("#ada", "/")] {
            let outcome = fetch(get(format!("{LOCAL}{url}")));
            let holds =
                outcome.response().is_some() && outcome.url() == format!("{LOCAL}{expected}");
            file.check(url, holds, &outcome);
        }
    });
    files.file("fetch/api/basic/bad-content-encoding.html", |file| {
        let outcome = fetch(get(at(LOCAL, &[("content-encoding", "gzip")])));
        file.reads("no gzip", &outcome);
    });
    files.file("fetch/api/basic/block-mime-as-script.html", |file| {
        for content_type in ["text/html", "text/plain"] {
            let url = at(LOCAL, &[("content-type", content_type)]);
            file.reads(content_type, &fetch(Fetch::script(url)));
        }
    });
    files.file("fetch/api/basic/request-forbidden-headers.js", |file| {
        for (name, value) in [
            ("accept-charset", "utf-8"),
            ("accept-encoding", ""),
            ("access-control-request-headers", ""),
            ("access-control-request-method", ""),
            ("connection", "close"),
            ("content-length", "42"),
            ("cookie", "cookie=none"),
            ("cookie2", "cookie2=none"),
            ("date", "Wed, 04 May 1988 22:22:22 GMT"),
            ("dnt", "4"),
            ("expect", "100-continue"),
            ("host", "http://wrong-host.com"),
            ("keep-alive", "timeout=15"),
            ("origin", "http://wrong-origin.com"),
            ("referer", "http://wrong-referer.com"),
            ("te", "trailers"),
            ("trailer", "Accept"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "HTTP/2.0"),
            ("via", "1.1 nowhere.com"),
            ("proxy-", "value"),
            ("proxy-test", "value"),
            ("sec-", "value"),
            ("sec-test", "value"),
        ] {
            let outcome = fetch(with("GET", at(LOCAL, &[]), &[(name, value)]));
            file.check(
                name,
                outcome.response().is_some() && last(&outcome, name) != Some(value),
                &outcome,
            );
        }
    });
    files.file("fetch/api/basic/request-headers.js", |file| {
        for (method, body, length) in [
            ("POST", None, Some("0")),
            ("PUT", Some("Request's body"), Some("14")),
            ("POST", None, Some("0")),
            ("POST", Some("Request's body"), Some("14")),
            ("Chicken", None, None),
            ("Chicken", Some("Request's body"), Some("14")),
        ] {
            let asked = with(method, at(LOCAL, &[]), &[]);
            let asked: Fetch<String> = match body {
                Some(body) => asked.text(body),
                None => asked.without_body(),
            };
            let outcome = fetch(asked);
            let content_type = body.map(|_| "text/plain;charset=UTF-8");
            let holds = last(&outcome, "content-length") == length
                && last(&outcome, "content-type") == content_type
                && last(&outcome, "user-agent").is_some()
                && last(&outcome, "accept-charset").is_none()
                && last(&outcome, "origin") == Some(LOCAL);
            file.check(format!("{method} {body:?}"), holds, &outcome);
        }
        for (content_type, bytes) in [
            (None, &b"Test"[..]),
            (None, &[0; 4]),
            (Some("text/maybe"), b"Test"),
        ] {
            let outcome = upload(bytes, content_type);
            let holds = last_bytes(&outcome, "content-length") == Some("4")
                && last_bytes(&outcome, "content-type") == content_type
                && last_bytes(&outcome, "origin") == Some(LOCAL);
            file.check_other(format!("{bytes:?} {content_type:?}"), holds, &outcome);
        }
    });
    files.file("fetch/api/basic/mode-no-cors.js", |file| {
        for (url, is_opaque) in [
            ("/resource?x-is-filtered=value".to_owned(), false),
            (at(LOCAL, &[("x-is-filtered", "value")]), false),
            (
                at("http://anotherorigin.com", &[("x-is-filtered", "value")]),
                true,
            ),
            (at(TLS, &[("x-is-filtered", "value")]), true),
            (at(REMOTE, &[("x-is-filtered", "value")]), true),
        ] {
            let outcome = fetch(get(&url).mode(Mode::NoCors));
            let holds = match is_opaque {
                true => outcome.response_type() == ResponseType::Opaque,
                false => {
                    read(&outcome, "x-is-filtered") == Some("value")
                        && outcome.response_type() == ResponseType::Basic
                }
            };
            file.check(url, holds, &outcome);
        }
    });
    files.file("fetch/api/basic/mode-same-origin.any.js", |file| {
        let targets = [
            ("/resource".to_owned(), true),
            (at(LOCAL, &[]), true),
            (at(TLS, &[]), false),
            (at(REMOTE, &[]), false),
        ];
        for (url, expected) in &targets {
            file.passes(url, *expected, &fetch(get(url).mode(Mode::SameOrigin)));
        }
        for (location, expected) in &targets {
            let url = at(LOCAL, &[("status", "302"), ("location", location)]);
            file.passes(
                format!("to {location}"),
                *expected,
                &fetch(get(url).mode(Mode::SameOrigin)),
            );
        }
    });
    files.file("fetch/api/basic/scheme-data.any.js", |file| {
        let text = "data:,response%27s%20body";
        for (url, content_type, mode, method) in [
            (text, "text/plain;charset=US-ASCII", Mode::Cors, "GET"),
            (text, "text/plain;charset=US-ASCII", Mode::SameOrigin, "GET"),
            (text, "text/plain;charset=US-ASCII", Mode::Cors, "GET"),
            (
                "data:text/plain;base64,cmVzcG9uc2UncyBib2R5",
                "text/plain",
                Mode::Cors,
                "GET",
            ),
            (
                "data:image/png;base64,cmVzcG9uc2UncyBib2R5",
                "image/png",
                Mode::Cors,
                "GET",
            ),
            (text, "text/plain;charset=US-ASCII", Mode::Cors, "POST"),
            (text, "text/plain;charset=US-ASCII", Mode::Cors, "HEAD"),
        ] {
            let outcome = fetch(with(method, url, &[]).mode(mode));
            let body: &[u8] = if method == "HEAD" {
                b""
            } else {
                b"response's body"
            };
            let holds = outcome.response_type() == ResponseType::Basic
                && outcome.data().is_some_and(|data| {
                    data.body() == body && data.headers()["content-type"] == content_type
                });
            file.check(format!("{method} {url} {mode:?}"), holds, &outcome);
        }
        file.fails("malformed", &fetch(get("data:notAdataUrl.com")));
    });
    files.file("fetch/api/basic/scheme-about.any.js", |file| {
        for (url, method) in [
            ("about:blank", "GET"),
            ("about:blank", "PUT"),
            ("about:blank", "POST"),
            ("about:invalid.com", "GET"),
            ("about:config", "GET"),
            ("about:unicorn", "GET"),
        ] {
            file.fails(format!("{method} {url}"), &fetch(with(method, url, &[])));
        }
    });
    files.file("fetch/api/basic/request-upload.any.js", |file| {
        let asks = |asked: Fetch<String>| fetch(asked);
        let arrives = |outcome: &Outcome<String>, body: &str| {
            outcome
                .response()
                .is_some_and(|response| response.body() == body)
        };
        let url = || at(LOCAL, &[]);
        for (method, body) in [("PUT", "Request's body"), ("POST", "Request's body")] {
            let outcome = asks(with(method, url(), &[]).text(body));
            file.check(method, arrives(&outcome, body), &outcome);
        }
        let outcome = asks(with("POST", url(), &[]).search_params("name=value"));
        let holds = arrives(&outcome, "name=value")
            && last(&outcome, "content-type")
                == Some("application/x-www-form-urlencoded;charset=UTF-8");
        file.check("search parameters", holds, &outcome);
        // A blob, arrays of bytes and numbers, and a view.
        for (bytes, content_type) in [
            (&b"Test"[..], None),
            (&[0; 4], None),
            (&[0; 4], None),
            (&[0; 4], None),
            (&[0; 4], None),
            (&[0; 8], None),
            (&[0; 4], None),
            (b"Test", Some("text/maybe")),
        ] {
            let outcome = upload(bytes, content_type);
            let arrives = outcome
                .response()
                .is_some_and(|response| response.body() == bytes);
            file.check_other(format!("{bytes:?} {content_type:?}"), arrives, &outcome);
        }
        let stream =
            Fetch::from(http::Request::post(url()).body("Test".to_owned())).streaming_body();
        let outcome = asks(stream);
        file.check("a stream", arrives(&outcome, "Test"), &outcome);
        let outcome = asks(with("POST", at(LOCAL, &[("status", "421")]), &[]).text("foobar"));
        file.check(
            "421",
            outcome.exchanges().len() == 2 && arrives(&outcome, "foobar"),
            &outcome,
        );
    });
    files.file("fetch/api/basic/http-response-code.any.js", |file| {
        let outcome = fetch(get(at(LOCAL, &[("status", "425")])));
        file.check(
            "425",
            outcome.exchanges().len() == 1 && outcome.response().is_some(),
            &outcome,
        );
    });
}
