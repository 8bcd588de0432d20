//! `xhr/access-control-*`. Synchronous and asynchronous requests are the same on the network.

use std::time::Duration;

use tower_cors::testing::{Browser, Credentials, Fetch};

use super::{Files, LOCAL, REMOTE, at, fetch, fetch_in, get, last, preflights, read, sent, with};

const X_TEST: (&str, &str) = ("access-control-allow-headers", "x-test");

pub(super) fn run(files: &mut Files) {
    files.file("xhr/access-control-and-redirects-async.any.js", |file| {
        let star = at(REMOTE, &[("origin", "*")]);
        let redirected = |asked: &[(&str, &str)], location: &str, headers: &[(&str, &str)]| {
            let asked = [asked, &[("status", "302"), ("location", location)]].concat();
            fetch(with("GET", at(REMOTE, &asked), headers))
        };
        file.fails(
            "without CORS",
            &redirected(&[("origin", "none")], &star, &[]),
        );
        file.reads("with CORS", &redirected(&[], &star, &[]));
        let user = star.replacen("://", "://username:password@", 1);
        file.fails("with a user", &redirected(&[], &user, &[]));
        file.fails("a bad URL", &redirected(&[], "foo://bar.cgi", &[]));
        let set = [("x-test", "test")];
        file.fails(
            "preflighted",
            &redirected(&[("preflight", "302")], &star, &set),
        );
        file.fails(
            "preflighted, allowed",
            &redirected(&[X_TEST, ("preflight", "302")], &star, &set),
        );
        let next = at(LOCAL, &[]);
        let url = at(LOCAL, &[("status", "302"), ("location", &next)]);
        file.reads("same origin", &fetch(with("GET", url, &set)));
    });
    files.file(
        "xhr/access-control-and-redirects-async-same-origin.any.js",
        |file| {
            let allow = ("access-control-allow-credentials", "true");
            for (second, with_credentials, expected) in [
                (&[("origin", "*")][..], false, true),
                (&[("origin", "*")], true, false),
                (&[allow], false, true),
                (&[allow], true, true),
                (&[], false, true),
                (&[], true, false),
            ] {
                let next = at(REMOTE, second);
                let asked = get(at(LOCAL, &[("status", "302"), ("location", &next)]));
                let asked = if with_credentials {
                    asked.credentials(Credentials::Include)
                } else {
                    asked
                };
                file.passes(
                    format!("{second:?} {with_credentials}"),
                    expected,
                    &fetch(asked),
                );
            }
        },
    );
    files.file("xhr/access-control-and-redirects.any.js", |file| {
        for (first, second) in [(LOCAL, REMOTE), (REMOTE, LOCAL), (REMOTE, REMOTE)] {
            for name in ["sync", "async"] {
                let next = at(second, &[]);
                let outcome = fetch(get(at(first, &[("status", "302"), ("location", &next)])));
                file.reads(format!("{first} {second} {name}"), &outcome);
            }
        }
    });
    files.file(
        "xhr/access-control-basic-allow-access-control-origin-header-data-url.htm",
        |file| {
            let mut frame = Browser::at("data:text/html,x").embedded_in(LOCAL);
            let outcome = fetch_in(&mut frame, get(at(REMOTE, &[])));
            file.check(
                "null",
                outcome.response().is_some() && last(&outcome, "origin") == Some("null"),
                &outcome,
            );
        },
    );
    // These ask for the same with one file each.
    for name in [
        "xhr/access-control-basic-allow-access-control-origin-header.any.js",
        "xhr/access-control-basic-allow-async.any.js",
        "xhr/access-control-basic-allow.any.js",
    ] {
        files.file(name, |file| {
            let outcome = fetch(get(at(REMOTE, &[])));
            file.check(
                "allowed",
                outcome.response().is_some() && last(&outcome, "origin") == Some(LOCAL),
                &outcome,
            );
        });
    }
    files.file("xhr/access-control-basic-allow-star.any.js", |file| {
        file.reads("any", &fetch(get(at(REMOTE, &[("origin", "*")]))));
    });
    for name in [
        "xhr/access-control-basic-allow-non-cors-safelisted-method.any.js",
        "xhr/access-control-basic-allow-non-cors-safelisted-method-async.any.js",
    ] {
        files.file(name, |file| {
            let url = at(REMOTE, &[("access-control-allow-methods", "PUT")]);
            let headers = [("content-type", "text/plain; charset=UTF-8")];
            let outcome = fetch(with("PUT", url, &headers).text("PASS: PUT data received"));
            let arrives = outcome
                .response()
                .is_some_and(|response| response.body() == "PASS: PUT data received");
            file.check("PUT", arrives && preflights(&outcome) == 1, &outcome);
        });
    }
    let cached = [("access-control-allow-methods", "PUT, XMETHOD"), X_TEST];
    let put = |page: &mut Browser, method: &str, age: &str, headers: &[(&str, &str)]| {
        let asked = [&cached[..], &[("access-control-max-age", age)]].concat();
        fetch_in(page, with(method, at(REMOTE, &asked), headers))
    };
    files.file(
        "xhr/access-control-basic-allow-preflight-cache.any.js",
        |file| {
            let mut page = Browser::at(LOCAL);
            let first = preflights(&put(&mut page, "PUT", "100", &[]));
            let outcome = put(&mut page, "PUT", "100", &[]);
            file.check("cached", [first, preflights(&outcome)] == [1, 0], &outcome);
        },
    );
    files.file(
        "xhr/access-control-basic-allow-preflight-cache-timeout.any.js",
        |file| {
            let mut page = Browser::at(LOCAL);
            let first = preflights(&put(&mut page, "PUT", "1", &[]));
            page.advance(Duration::from_secs(3));
            let outcome = put(&mut page, "PUT", "1", &[]);
            file.check("over", [first, preflights(&outcome)] == [1, 1], &outcome);
        },
    );
    // The first answer allows PUT alone.
    let alone = |page: &mut Browser| {
        let url = at(REMOTE, &[("access-control-max-age", "100")]);
        let mut service = tower::service_fn(|request: http::Request<String>| {
            let mut response = super::server(&request);
            if let Ok(response) = &mut response {
                let asked = request
                    .headers()
                    .get("access-control-request-method")
                    .cloned();
                let names = request
                    .headers()
                    .get("access-control-request-headers")
                    .cloned();
                response
                    .headers_mut()
                    .extend(asked.map(|asked| (http::header::ACCESS_CONTROL_ALLOW_METHODS, asked)));
                response
                    .headers_mut()
                    .extend(names.map(|names| (http::header::ACCESS_CONTROL_ALLOW_HEADERS, names)));
            }
            std::future::ready(response)
        });
        let mut ask = |method: &str, headers: &[(&str, &str)]| {
            futures_util::FutureExt::now_or_never(
                page.fetch(&mut service, with(method, &url, headers)),
            )
            .unwrap()
        };
        let first = preflights(&ask("PUT", &[]));
        (
            first,
            ask("PUT", &[("x-test", "headerValue")]),
            ask("XMETHOD", &[]),
        )
    };
    files.file(
        "xhr/access-control-basic-allow-preflight-cache-invalidation-by-header.any.js",
        |file| {
            let (first, header, _) = alone(&mut Browser::at(LOCAL));
            file.check("a header", [first, preflights(&header)] == [1, 1], &header);
        },
    );
    files.file(
        "xhr/access-control-basic-allow-preflight-cache-invalidation-by-method.any.js",
        |file| {
            let (first, _, method) = alone(&mut Browser::at(LOCAL));
            file.check("a method", [first, preflights(&method)] == [1, 1], &method);
        },
    );
    files.file(
        "xhr/access-control-basic-cors-safelisted-request-headers.htm",
        |file| {
            let headers = [
                ("accept", "*"),
                ("accept-language", "ru"),
                ("content-language", "ru"),
                ("content-type", "text/plain"),
            ];
            let outcome = fetch(with("POST", at(REMOTE, &[]), &headers));
            let arrive = headers
                .iter()
                .all(|(name, value)| last(&outcome, name) == Some(value));
            file.check(
                "four",
                arrive && preflights(&outcome) == 0 && outcome.response().is_some(),
                &outcome,
            );
        },
    );
    files.file(
        "xhr/access-control-basic-cors-safelisted-response-headers.htm",
        |file| {
            let said = [
                ("cache-control", "no cache"),
                ("content-language", "en"),
                ("content-type", "text/plain"),
                ("expires", "x"),
                ("last-modified", "y"),
                ("pragma", "no cache"),
                ("x-webkit", "foobar"),
            ];
            let outcome = fetch(get(at(REMOTE, &said)));
            let holds = said
                .iter()
                .all(|(name, _)| read(&outcome, name).is_some() == (*name != "x-webkit"));
            file.check("six", holds, &outcome);
        },
    );
    files.file("xhr/access-control-basic-denied.htm", |file| {
        file.reads("same origin", &fetch(get(at(LOCAL, &[("origin", "none")]))));
        file.fails("another", &fetch(get(at(REMOTE, &[("origin", "none")]))));
    });
    // The service has CORS headers for GET and POST, and none for OPTIONS.
    files.file("xhr/access-control-basic-get-fail-non-simple.htm", |file| {
        file.fails(
            "a header",
            &fetch(with(
                "GET",
                at(REMOTE, &[("only", "GET")]),
                &[("x-test", "foobar")],
            )),
        );
    });
    files.file(
        "xhr/access-control-basic-non-cors-safelisted-content-type.htm",
        |file| {
            let url = at(REMOTE, &[("access-control-allow-methods", "PUT")]);
            let plain = fetch(with("PUT", &url, &[("content-type", "text/plain")]).text("x"));
            let xml = fetch(with("PUT", &url, &[("content-type", "application/xml")]).text("x"));
            file.check(
                "two types",
                plain.response().is_some() && xml.blocked().is_some(),
                &xml,
            );
        },
    );
    files.file(
        "xhr/access-control-basic-post-success-no-content-type.htm",
        |file| {
            file.reads(
                "text",
                &fetch(with("POST", at(REMOTE, &[("only", "POST")]), &[]).text("Test")),
            );
        },
    );
    files.file(
        "xhr/access-control-basic-post-with-non-cors-safelisted-content-type.htm",
        |file| {
            let xml = [("content-type", "application/xml")];
            file.reads(
                "same origin",
                &fetch(with("POST", at(LOCAL, &[("only", "POST")]), &xml)),
            );
            file.fails(
                "another",
                &fetch(with("POST", at(REMOTE, &[("only", "POST")]), &xml)),
            );
        },
    );
    files.file("xhr/access-control-basic-preflight-denied.htm", |file| {
        file.fails(
            "FOO",
            &fetch(with("FOO", at(REMOTE, &[("origin", "none")]), &[])),
        );
    });
    files.file(
        "xhr/access-control-expose-headers-on-redirect.html",
        |file| {
            let next = at(
                REMOTE,
                &[
                    ("access-control-expose-headers", "foo"),
                    ("foo", "bar"),
                    ("hoge", "fuga"),
                ],
            );
            let outcome = fetch(get(at(LOCAL, &[("status", "302"), ("location", &next)])));
            file.check(
                "foo",
                read(&outcome, "foo") == Some("bar") && read(&outcome, "hoge").is_none(),
                &outcome,
            );
        },
    );
    files.file(
        "xhr/access-control-preflight-request-header-sorted.htm",
        |file| {
            let names = [
                "x-custom-test",
                "x-custom-ua",
                "x-custom-v",
                "x-custom-s",
                "x-custom-u",
            ];
            let headers = names.map(|name| (name, "foobar"));
            let allow = ("access-control-allow-headers", &*names.join(","));
            let outcome = fetch(with("GET", at(REMOTE, &[allow]), &headers));
            let asked = sent(&outcome.exchanges()[0], "access-control-request-headers");
            let sorted = "x-custom-s,x-custom-test,x-custom-u,x-custom-ua,x-custom-v";
            file.check(
                "sorted",
                outcome.response().is_some() && asked == Some(sorted),
                &outcome,
            );
        },
    );
    for (name, status) in [
        (
            "xhr/access-control-preflight-request-invalid-status-301.htm",
            "301",
        ),
        (
            "xhr/access-control-preflight-request-invalid-status-400.htm",
            "400",
        ),
        (
            "xhr/access-control-preflight-request-invalid-status-501.htm",
            "501",
        ),
    ] {
        files.file(name, |file| {
            let url = at(
                REMOTE,
                &[
                    ("access-control-allow-headers", "x-pass"),
                    ("preflight", status),
                ],
            );
            file.fails(status, &fetch(with("GET", url, &[("x-pass", "pass")])));
        });
    }
    files.file("xhr/cors-upload.any.js", |file| {
        let allow = [
            ("access-control-allow-credentials", "true"),
            ("access-control-allow-headers", "authorization"),
        ];
        for headers in [&[][..], &[("authorization", "Bearer access-token")]] {
            let form = with("POST", at(REMOTE, &allow), headers)
                .content_type("multipart/form-data; boundary=x")
                .text("a form");
            let form = if headers.is_empty() {
                form
            } else {
                form.credentials(Credentials::Include)
            };
            let outcome = fetch(form);
            let arrives = outcome
                .response()
                .is_some_and(|response| response.body() == "a form");
            file.check(
                format!("{headers:?}"),
                arrives && preflights(&outcome) == headers.len(),
                &outcome,
            );
        }
    });
    for (name, method, asked, headers) in [
        (
            "xhr/access-control-preflight-sync-header-denied.htm",
            "GET",
            &[][..],
            &[("x-test", "foo")][..],
        ),
        (
            "xhr/access-control-preflight-sync-method-denied.htm",
            "DELETE",
            &[],
            &[],
        ),
        (
            "xhr/access-control-preflight-sync-not-supported.htm",
            "PUT",
            &[("origin", "none")],
            &[],
        ),
        (
            "xhr/access-control-preflight-async-header-denied.htm",
            "GET",
            &[],
            &[("x-test", "foo")],
        ),
        (
            "xhr/access-control-preflight-async-method-denied.htm",
            "DELETE",
            &[],
            &[],
        ),
        (
            "xhr/access-control-preflight-async-not-supported.htm",
            "PUT",
            &[("origin", "none")],
            &[],
        ),
    ] {
        files.file(name, |file| {
            let outcome = fetch(with(method, at(REMOTE, asked), headers));
            file.check(
                "blocked",
                outcome.blocked().is_some() && outcome.actual().is_none(),
                &outcome,
            );
        });
    }
    for name in [
        "xhr/access-control-preflight-headers-async.htm",
        "xhr/access-control-preflight-headers-sync.htm",
    ] {
        files.file(name, |file| {
            let outcome = fetch(with("GET", at(REMOTE, &[X_TEST]), &[("x-test", "foobar")]));
            let preflight = &outcome.exchanges()[0];
            file.check(
                "not on the preflight",
                outcome.response().is_some() && sent(preflight, "x-test").is_none(),
                &outcome,
            );
        });
    }
    files.file(
        "xhr/access-control-preflight-request-header-lowercase.htm",
        |file| {
            let outcome = fetch(with("GET", at(REMOTE, &[X_TEST]), &[("X-Test", "foobar")]));
            let asked = sent(&outcome.exchanges()[0], "access-control-request-headers");
            file.check(
                "lower case",
                outcome.response().is_some() && asked == Some("x-test"),
                &outcome,
            );
        },
    );
    files.file(
        "xhr/access-control-preflight-request-header-returns-origin.any.js",
        |file| {
            // The preflight is allowed with the origin, the request with any.
            let mut service = tower::service_fn(|request: http::Request<String>| {
                let mut response = super::server(&request);
                if let (Ok(response), "GET") = (&mut response, request.method().as_str()) {
                    let any = http::HeaderValue::from_static("*");
                    response
                        .headers_mut()
                        .insert("access-control-allow-origin", any);
                }
                std::future::ready(response)
            });
            let asked = with("GET", at(REMOTE, &[X_TEST]), &[("x-test", "foobar")]);
            let outcome = futures_util::FutureExt::now_or_never(
                Browser::at(LOCAL).fetch(&mut service, asked),
            )
            .unwrap();
            file.reads("two values", &outcome);
        },
    );
    files.file(
        "xhr/access-control-preflight-request-headers-origin.htm",
        |file| {
            let allow = ("access-control-allow-headers", "x-pass");
            let outcome = fetch(with("GET", at(REMOTE, &[allow]), &[("x-pass", "PASS")]));
            let asked = sent(&outcome.exchanges()[0], "access-control-request-headers");
            file.check(
                "without origin",
                outcome.response().is_some() && asked == Some("x-pass"),
                &outcome,
            );
        },
    );
    files.file(
        "xhr/access-control-preflight-request-must-not-contain-cookie.htm",
        |file| {
            let allow = [
                ("access-control-allow-credentials", "true"),
                ("access-control-allow-headers", "x-proprietary-header"),
            ];
            let mut page = Browser::at(LOCAL);
            let include = |fetch: Fetch<String>| fetch.credentials(Credentials::Include);
            fetch_in(
                &mut page,
                include(get(at(
                    REMOTE,
                    &[&allow[..], &[("set-cookie", "foo=bar")]].concat(),
                ))),
            );
            let outcome = fetch_in(
                &mut page,
                include(with(
                    "GET",
                    at(REMOTE, &allow),
                    &[("x-proprietary-header", "foo")],
                )),
            );
            let holds = sent(&outcome.exchanges()[0], "cookie").is_none()
                && last(&outcome, "cookie") == Some("foo=bar");
            file.check("no cookie", holds && outcome.response().is_some(), &outcome);
        },
    );
    files.file("xhr/access-control-recursive-failed-request.htm", |file| {
        let mut page = Browser::at(LOCAL);
        let outcomes: Vec<_> = (0..10)
            .map(|_| fetch_in(&mut page, get(at(REMOTE, &[("origin", "none")]))))
            .collect();
        file.check(
            "ten",
            outcomes.iter().all(|outcome| outcome.blocked().is_some()),
            &outcomes[9],
        );
    });
    for name in [
        "xhr/access-control-response-with-body.htm",
        "xhr/access-control-response-with-body-sync.htm",
    ] {
        files.file(name, |file| {
            let allow = ("access-control-allow-headers", "x-requested-with");
            let headers = [
                ("content-type", "application/x-www-form-urlencoded"),
                ("x-requested-with", "XMLHttpRequest"),
            ];
            let mut service = tower::service_fn(|request: http::Request<String>| {
                let response = super::server(&request)
                    .map(|response| response.map(|_| request.method().to_string()));
                std::future::ready(response)
            });
            let asked = with("GET", at(REMOTE, &[allow]), &headers);
            let outcome = futures_util::FutureExt::now_or_never(
                Browser::at(LOCAL).fetch(&mut service, asked),
            )
            .unwrap();
            file.check(
                "its own",
                outcome
                    .response()
                    .is_some_and(|response| response.body() == "GET"),
                &outcome,
            );
        });
    }
    files.file(
        "xhr/access-control-response-with-exposed-headers.htm",
        |file| {
            let said = [
                ("origin", "*"),
                ("x-foo", "BAR"),
                ("x-test", "TEST"),
                ("access-control-expose-headers", "x-Foo"),
            ];
            let outcome = fetch(get(at(REMOTE, &said)));
            file.check(
                "x-foo",
                read(&outcome, "x-foo") == Some("BAR") && read(&outcome, "x-test").is_none(),
                &outcome,
            );
        },
    );
    let frame = || Browser::sandboxed(&format!("{LOCAL}/frame")).embedded_in(LOCAL);
    for (name, origin) in [
        ("xhr/access-control-sandboxed-iframe-allow.htm", "*"),
        (
            "xhr/access-control-sandboxed-iframe-allow-origin-null.htm",
            "null",
        ),
    ] {
        files.file(name, |file| {
            let said = [
                ("access-control-allow-credentials", "true"),
                ("origin", origin),
            ];
            file.reads(origin, &fetch_in(&mut frame(), get(at(LOCAL, &said))));
        });
    }
    files.file("xhr/access-control-sandboxed-iframe-denied.htm", |file| {
        file.reads("the page", &fetch(get(at(LOCAL, &[("origin", "none")]))));
        file.fails(
            "the frame",
            &fetch_in(&mut frame(), get(at(LOCAL, &[("origin", "none")]))),
        );
    });
    files.file(
        "xhr/access-control-sandboxed-iframe-denied-without-wildcard.htm",
        |file| {
            let said = [
                ("access-control-allow-credentials", "true"),
                ("origin", LOCAL),
            ];
            file.reads("the page", &fetch(get(at(REMOTE, &said))));
            file.fails("the frame", &fetch_in(&mut frame(), get(at(REMOTE, &said))));
        },
    );
    files.file("xhr/allow-lists-starting-with-comma.htm", |file| {
        let url = at(
            REMOTE,
            &[("access-control-allow-headers", ",y-lol,x-print, ,,,y-print")],
        );
        let headers = fetch(with(
            "GET",
            url,
            &[("x-print", "unicorn"), ("y-print", "narwhal")],
        ));
        let url = at(REMOTE, &[("access-control-allow-methods", ",,PUT,GET")]);
        let methods = fetch(with("PUT", url, &[]));
        file.check(
            "both",
            headers.response().is_some() && methods.response().is_some(),
            &methods,
        );
    });
}
