//! `fetch/metadata/`

use tower_cors::testing::{Browser, Credentials, Destination, Fetch, Mode, Outcome};

use super::{File, Files, at, fetch_in, last, preflights, sent, with};

const OWN: &str = "https://web-platform.test:8443";
const SAME_SITE: &str = "https://www.web-platform.test:8443";
const CROSS_SITE: &str = "https://not-web-platform.test:8443";
const INSECURE: &str = "http://web-platform.test:8000";

/// How something in a page requests a URL.
type Way = fn(String) -> Fetch<String>;

/// Something in a page, its mode and its destination.
type Sent = (Way, &'static str, &'static str);

/// The origins that a request passes, and how far the page is from them.
const SITES: [(&[&str], &str); 14] = [
    (&[OWN], "same-origin"),
    (&[CROSS_SITE], "cross-site"),
    (&[SAME_SITE], "same-site"),
    (&[OWN, CROSS_SITE, OWN], "cross-site"),
    (&[OWN, SAME_SITE, OWN], "same-site"),
    (&[CROSS_SITE, OWN], "cross-site"),
    (&[CROSS_SITE, SAME_SITE], "cross-site"),
    (&[CROSS_SITE, CROSS_SITE], "cross-site"),
    (&[OWN, OWN], "same-origin"),
    (&[OWN, SAME_SITE], "same-site"),
    (&[OWN, CROSS_SITE], "cross-site"),
    (&[SAME_SITE, OWN], "same-site"),
    (&[SAME_SITE, SAME_SITE], "same-site"),
    (&[SAME_SITE, CROSS_SITE], "cross-site"),
];

fn through(origins: &[&str]) -> String {
    origins
        .iter()
        .rev()
        .fold(String::new(), |next, origin| match next.as_str() {
            "" => at(origin, &[]),
            next => at(origin, &[("status", "302"), ("location", next)]),
        })
}

fn ask(fetch: Fetch<String>) -> Outcome<String> {
    fetch_in(&mut Browser::at(OWN), fetch)
}

fn sites(file: &mut File, way: impl Fn(String) -> Fetch<String>) {
    for (origins, site) in SITES {
        let outcome = ask(way(through(origins)));
        file.check(
            format!("{origins:?}"),
            last(&outcome, "sec-fetch-site") == Some(site),
            &outcome,
        );
    }
}

fn has(file: &mut File, name: &'static str, value: Option<&str>, fetch: Fetch<String>) {
    let outcome = ask(fetch);
    file.check(
        format!("{name} {value:?}"),
        last(&outcome, name) == value,
        &outcome,
    );
}

/// A script that is a module, or that one imports.
fn module(url: String) -> Fetch<String> {
    Fetch::script(url).crossorigin(Credentials::SameOrigin)
}

/// Nothing is told to insecure URLs, and an insecure page is of another site than secure ones.
fn insecure(file: &mut File, way: impl Fn(String) -> Fetch<String>) {
    let ask = |url| fetch_in(&mut Browser::at(INSECURE), way(url));
    let others = [
        "http://www.web-platform.test:8000",
        "http://not-web-platform.test:8000",
    ];
    for origin in [INSECURE, others[0], others[1]] {
        for name in ["site", "mode", "dest", "user"] {
            let outcome = ask(at(origin, &[]));
            let is_sent = last(&outcome, &format!("sec-fetch-{name}")).is_some();
            file.check(
                format!("{origin} {name}"),
                !is_sent && outcome.actual().is_some(),
                &outcome,
            );
        }
    }
    for (origins, site) in [
        (&[OWN, INSECURE][..], None),
        (&[INSECURE, OWN], Some("cross-site")),
        (&[OWN, INSECURE, OWN], Some("cross-site")),
    ] {
        let outcome = ask(through(origins));
        let holds =
            last(&outcome, "sec-fetch-site") == site && outcome.exchanges().len() == origins.len();
        file.check(format!("{origins:?}"), holds, &outcome);
    }
}

/// What requests something in a page, with the files about it.
struct Kind {
    secure: &'static str,
    insecure: &'static str,
    /// How many ways to request it have the same subtests, such as properties of CSS, or attributes.
    ways: usize,
    ask: Way,
    mode: Option<&'static str>,
    dest: Option<&'static str>,
    /// It has the attribute `crossorigin`.
    crossorigin: bool,
    /// A secure page may open an insecure URL this way.
    navigates: bool,
    /// A user may open it.
    user: bool,
}

/// An element that requests an image.
const IMAGE: Kind = Kind {
    secure: "",
    insecure: "",
    ways: 1,
    ask: Fetch::image,
    mode: Some("no-cors"),
    dest: Some("image"),
    crossorigin: false,
    navigates: false,
    user: false,
};

/// A navigation that a page starts.
const NAVIGATION: Kind = Kind {
    ask: |url| Fetch::navigation(url).user_activation(false),
    mode: Some("navigate"),
    dest: Some("document"),
    navigates: true,
    ..IMAGE
};

/// A script that is a module.
const MODULE: Kind = Kind {
    ask: module,
    mode: Some("cors"),
    dest: Some("script"),
    ..IMAGE
};

/// Expectations that the standard contradicts are `None`: the table has the reasons.
const KINDS: [Kind; 19] = [
    Kind {
        secure: "fetch/metadata/generated/element-audio.https.sub.html",
        insecure: "fetch/metadata/generated/element-audio.sub.html",
        ask: |url| Fetch::image(url).destination(Destination::Audio),
        dest: Some("audio"),
        crossorigin: true,
        ..IMAGE
    },
    Kind {
        secure: "fetch/metadata/generated/element-video.https.sub.html",
        insecure: "fetch/metadata/generated/element-video.sub.html",
        ask: |url| Fetch::image(url).destination(Destination::Video),
        dest: Some("video"),
        crossorigin: true,
        ..IMAGE
    },
    Kind {
        secure: "fetch/metadata/generated/element-video-poster.https.sub.html",
        insecure: "fetch/metadata/generated/element-video-poster.sub.html",
        ..IMAGE
    },
    Kind {
        secure: "fetch/metadata/generated/element-picture.https.sub.html",
        insecure: "fetch/metadata/generated/element-picture.sub.html",
        ways: 3,
        crossorigin: true,
        ..IMAGE
    },
    Kind {
        secure: "fetch/metadata/generated/element-img-environment-change.https.sub.html",
        insecure: "fetch/metadata/generated/element-img-environment-change.sub.html",
        crossorigin: true,
        ..IMAGE
    },
    Kind {
        secure: "fetch/metadata/generated/element-input-image.https.sub.html",
        insecure: "fetch/metadata/generated/element-input-image.sub.html",
        ..IMAGE
    },
    Kind {
        secure: "fetch/metadata/generated/svg-image.https.sub.html",
        insecure: "fetch/metadata/generated/svg-image.sub.html",
        dest: None,
        crossorigin: true,
        ..IMAGE
    },
    Kind {
        secure: "fetch/metadata/generated/css-images.https.sub.tentative.html",
        insecure: "fetch/metadata/generated/css-images.sub.tentative.html",
        ways: 5,
        ..IMAGE
    },
    Kind {
        secure: "fetch/metadata/generated/css-font-face.https.sub.tentative.html",
        insecure: "fetch/metadata/generated/css-font-face.sub.tentative.html",
        ask: |url| module(url).destination(Destination::Font),
        dest: Some("font"),
        ..MODULE
    },
    Kind {
        secure: "fetch/metadata/generated/element-link-icon.https.sub.html",
        insecure: "fetch/metadata/generated/element-link-icon.sub.html",
        dest: None,
        crossorigin: true,
        ..IMAGE
    },
    Kind {
        secure: "fetch/metadata/generated/element-link-prefetch.https.optional.sub.html",
        insecure: "fetch/metadata/generated/element-link-prefetch.optional.sub.html",
        ask: |url| Fetch::image(url).destination(Destination::Empty),
        dest: Some("empty"),
        crossorigin: true,
        ..IMAGE
    },
    Kind {
        secure: "fetch/metadata/generated/element-embed.https.sub.html",
        insecure: "fetch/metadata/generated/element-embed.sub.html",
        ask: |url| Fetch::frame(url).destination(Destination::Embed),
        mode: None,
        dest: Some("embed"),
        ..IMAGE
    },
    Kind {
        secure: "fetch/metadata/generated/element-meta-refresh.https.optional.sub.html",
        insecure: "fetch/metadata/generated/element-meta-refresh.optional.sub.html",
        ..NAVIGATION
    },
    Kind {
        secure: "fetch/metadata/generated/header-refresh.https.optional.sub.html",
        insecure: "fetch/metadata/generated/header-refresh.optional.sub.html",
        ..NAVIGATION
    },
    Kind {
        secure: "fetch/metadata/generated/window-location.https.sub.html",
        insecure: "fetch/metadata/generated/window-location.sub.html",
        ways: 4,
        user: true,
        ..NAVIGATION
    },
    Kind {
        secure: "fetch/metadata/generated/script-module-import-dynamic.https.sub.html",
        insecure: "fetch/metadata/generated/script-module-import-dynamic.sub.html",
        ..MODULE
    },
    Kind {
        secure: "fetch/metadata/generated/script-module-import-static.https.sub.html",
        insecure: "fetch/metadata/generated/script-module-import-static.sub.html",
        ..MODULE
    },
    Kind {
        secure: "fetch/metadata/generated/worker-dedicated-importscripts.https.sub.html",
        insecure: "fetch/metadata/generated/worker-dedicated-importscripts.sub.html",
        ask: Fetch::script,
        mode: Some("no-cors"),
        ..MODULE
    },
    // An audio worklet needs a secure page, and no `Destination` is `audioworklet`.
    Kind {
        secure: "fetch/metadata/generated/audioworklet.https.sub.html",
        dest: None,
        ..MODULE
    },
];

impl Kind {
    fn check(&self, file: &mut File) {
        let own = || (self.ask)(at(OWN, &[]));
        for _ in 0..self.ways {
            sites(file, self.ask);
            if self.navigates {
                let down = through(&[OWN, INSECURE, OWN]);
                has(file, "sec-fetch-site", Some("cross-site"), (self.ask)(down));
            }
            if self.mode.is_some() {
                has(file, "sec-fetch-mode", self.mode, own());
            }
            if self.crossorigin {
                for credentials in [
                    Credentials::SameOrigin,
                    Credentials::SameOrigin,
                    Credentials::Include,
                ] {
                    let asked = own().crossorigin(credentials);
                    has(file, "sec-fetch-mode", Some("cors"), asked);
                }
            }
            if self.dest.is_some() {
                has(file, "sec-fetch-dest", self.dest, own());
            }
            has(file, "sec-fetch-user", None, own());
            if self.user {
                let asked = own().user_activation(true);
                has(file, "sec-fetch-user", Some("?1"), asked);
            }
        }
    }
}

/// Everything that a request of each distance has.
fn distances(file: &mut File, ask: Way, mode: &str, dest: &str) {
    for (origin, site) in [
        (OWN, "same-origin"),
        (SAME_SITE, "same-site"),
        (CROSS_SITE, "cross-site"),
    ] {
        is(file, ask(at(origin, &[])), site, mode, dest, None);
    }
}

fn is(
    file: &mut File,
    fetch: Fetch<String>,
    site: &str,
    mode: &str,
    dest: &str,
    user: Option<&str>,
) {
    expect(file, &ask(fetch), site, mode, dest, user);
}

fn expect(
    file: &mut File,
    outcome: &Outcome<String>,
    site: &str,
    mode: &str,
    dest: &str,
    user: Option<&str>,
) {
    let holds = last(outcome, "sec-fetch-site") == Some(site)
        && last(outcome, "sec-fetch-mode") == Some(mode)
        && last(outcome, "sec-fetch-dest") == Some(dest)
        && last(outcome, "sec-fetch-user") == user;
    file.check(format!("{site} {mode} {dest}"), holds, outcome);
}

/// Redirects of an insecure page between secure and insecure URLs.
fn run_redirects(files: &mut Files) {
    let kinds: [Sent; 7] = [
        (NAVIGATION.ask, "navigate", "document"),
        (
            |url| Fetch::frame(url).destination(Destination::Embed),
            "navigate",
            "embed",
        ),
        (
            |url| Fetch::frame(url).destination(Destination::Object),
            "navigate",
            "object",
        ),
        (Fetch::style, "no-cors", "style"),
        (
            |url| module(url).destination(Destination::Track),
            "cors",
            "track",
        ),
        (
            |url| module(url).destination(Destination::Image),
            "cors",
            "image",
        ),
        (Fetch::script, "no-cors", "script"),
    ];
    for (name, origins) in [
        (
            "fetch/metadata/redirect/redirect-http-upgrade.sub.html",
            &[INSECURE, OWN][..],
        ),
        (
            "fetch/metadata/redirect/multiple-redirect-https-downgrade-upgrade.sub.html",
            &[OWN, INSECURE, OWN],
        ),
    ] {
        files.file(name, |file| {
            for (ask, mode, dest) in kinds {
                let outcome = fetch_in(&mut Browser::at(INSECURE), ask(through(origins)));
                expect(file, &outcome, "cross-site", mode, dest, None);
            }
        });
    }
    files.file(
        "fetch/metadata/redirect/redirect-https-downgrade.sub.html",
        |file| {
            // A track that is preloaded, and a font.
            let others: [Sent; 2] = [
                (
                    |url| Fetch::image(url).destination(Destination::Track),
                    "no-cors",
                    "track",
                ),
                (
                    |url| module(url).destination(Destination::Font),
                    "cors",
                    "font",
                ),
            ];
            for (ask, mode, dest) in kinds.into_iter().chain(others) {
                let mut page = Browser::at(INSECURE);
                let outcome = fetch_in(&mut page, ask(through(&[OWN, INSECURE])));
                let names = ["site", "mode", "dest", "user"];
                let silent = names
                    .iter()
                    .all(|name| last(&outcome, &format!("sec-fetch-{name}")).is_none());
                file.check(
                    format!("{mode} {dest}"),
                    silent && outcome.exchanges().len() == 2,
                    &outcome,
                );
            }
        },
    );
}

/// The files that nothing generates.
fn run_written(files: &mut Files) {
    files.file("fetch/metadata/object.https.sub.html", |file| {
        let object = |url| Fetch::frame(url).destination(Destination::Object);
        distances(file, object, "navigate", "object");
    });
    files.file("fetch/metadata/embed.https.sub.tentative.html", |file| {
        let embed = |url| Fetch::frame(url).destination(Destination::Embed);
        distances(file, embed, "navigate", "embed");
    });
    files.file("fetch/metadata/script.https.sub.html", |file| {
        distances(file, Fetch::script, "no-cors", "script");
        let own = module(at(OWN, &[]));
        is(file, own, "same-origin", "cors", "script", None);
    });
    files.file("fetch/metadata/style.https.sub.html", |file| {
        distances(file, Fetch::style, "no-cors", "style");
        let own = Fetch::style(at(OWN, &[])).crossorigin(Credentials::SameOrigin);
        is(file, own, "same-origin", "cors", "style", None);
    });
    files.file("fetch/metadata/track.https.sub.html", |file| {
        let track = |url| module(url).destination(Destination::Track);
        distances(file, track, "cors", "track");
        let own = track(at(OWN, &[])).mode(Mode::SameOrigin);
        is(file, own, "same-origin", "same-origin", "track", None);
    });
    files.file("fetch/metadata/preload.https.sub.html", |file| {
        let preloads: [(Way, &str); 6] = [
            (|url| module(url).destination(Destination::Empty), "empty"),
            (|url| module(url).destination(Destination::Font), "font"),
            (|url| module(url).destination(Destination::Image), "image"),
            (module, "script"),
            (|url| module(url).destination(Destination::Style), "style"),
            (|url| module(url).destination(Destination::Track), "track"),
        ];
        for (preload, dest) in preloads {
            distances(file, preload, "cors", dest);
        }
    });
    for (name, between, site) in [
        (
            "fetch/metadata/redirect/multiple-redirect-cross-site.https.sub.html",
            CROSS_SITE,
            "cross-site",
        ),
        (
            "fetch/metadata/redirect/multiple-redirect-same-site.https.sub.html",
            SAME_SITE,
            "same-site",
        ),
    ] {
        files.file(name, |file| {
            let image = Fetch::image(through(&[OWN, between, OWN]));
            is(file, image, site, "no-cors", "image", None);
        });
    }
    files.file("fetch/metadata/worker.https.sub.html", |file| {
        let worker = Fetch::get(at(OWN, &[]))
            .mode(Mode::SameOrigin)
            .destination(Destination::Worker);
        is(file, worker, "same-origin", "same-origin", "worker", None);
    });
    files.file("fetch/metadata/unload.https.sub.html", |file| {
        let beacon = Fetch::beacon(at(OWN, &[]), String::new());
        is(file, beacon, "same-origin", "no-cors", "empty", None);
    });
    files.file("fetch/metadata/window-open.https.sub.html", |file| {
        distances(file, NAVIGATION.ask, "navigate", "document");
        for (origin, site) in [
            (OWN, "same-origin"),
            (SAME_SITE, "same-site"),
            (CROSS_SITE, "cross-site"),
        ] {
            let opened = Fetch::navigation(at(origin, &[]));
            is(file, opened, site, "navigate", "document", Some("?1"));
        }
    });
    files.file("fetch/metadata/trailing-dot.https.sub.any.js", |file| {
        for host in [
            "web-platform.test.",
            "www.web-platform.test.",
            "not-web-platform.test.",
        ] {
            let asked = Fetch::get(at(&format!("https://{host}:8443"), &[]));
            is(file, asked, "cross-site", "cors", "empty", None);
        }
    });
}

pub(super) fn run(files: &mut Files) {
    run_written(files);
    run_redirects(files);
    for kind in KINDS {
        files.file(kind.secure, |file| kind.check(file));
        if !kind.insecure.is_empty() {
            files.file(kind.insecure, |file| {
                for _ in 0..kind.ways {
                    insecure(file, kind.ask);
                }
            });
        }
    }
    files.file("fetch/metadata/generated/element-frame.sub.html", |file| {
        insecure(file, |url| {
            Fetch::frame(url).destination(Destination::Frame)
        });
    });
    files.file(
        "fetch/metadata/generated/script-json-module-import-static.sub.html",
        |file| insecure(file, module),
    );
    // The first relation is `icon`, the second is `stylesheet`.
    files.file(
        "fetch/metadata/generated/header-link.https.sub.html",
        |file| {
            for link in [Fetch::image as Way, Fetch::style] {
                sites(file, link);
                let own = || link(at(OWN, &[]));
                has(file, "sec-fetch-mode", Some("no-cors"), own());
                has(file, "sec-fetch-user", None, own());
            }
        },
    );
    files.file(
        "fetch/metadata/generated/header-link.https.sub.tentative.html",
        |file| {
            let sheet = Fetch::style(at(OWN, &[]));
            has(file, "sec-fetch-dest", Some("style"), sheet);
        },
    );
    files.file("fetch/metadata/generated/header-link.sub.html", |file| {
        insecure(file, Fetch::image);
        insecure(file, Fetch::style);
    });
    files.file("fetch/metadata/fetch.https.sub.any.js", |file| {
        for (origin, site) in [
            (OWN, "same-origin"),
            (SAME_SITE, "same-site"),
            (CROSS_SITE, "cross-site"),
        ] {
            let outcome = ask(Fetch::get(at(origin, &[])));
            let seen = ["site", "user", "mode", "dest"].map(|name| {
                last(&outcome, ["sec-fetch-", name].concat().as_str()).map(str::to_owned)
            });
            let expected = [Some(site), None, Some("cors"), Some("empty")]
                .map(|value| value.map(str::to_owned));
            file.check(origin, seen == expected, &outcome);
        }
        for (mode, name) in [
            (Mode::SameOrigin, "same-origin"),
            (Mode::Cors, "cors"),
            (Mode::NoCors, "no-cors"),
        ] {
            has(
                file,
                "sec-fetch-mode",
                Some(name),
                Fetch::get(at(OWN, &[])).mode(mode),
            );
        }
    });
    files.file("fetch/metadata/fetch-preflight.https.sub.any.js", |file| {
        for (origin, site) in [(SAME_SITE, "same-site"), (CROSS_SITE, "cross-site")] {
            let url = at(origin, &[("access-control-allow-headers", "x-test")]);
            let outcome = ask(with("GET", url, &[("x-test", "testing")]));
            let holds = preflights(&outcome) == 1
                && outcome.exchanges().iter().all(|exchange| {
                    sent(exchange, "sec-fetch-site") == Some(site)
                        && sent(exchange, "sec-fetch-mode") == Some("cors")
                        && sent(exchange, "sec-fetch-dest") == Some("empty")
                        && sent(exchange, "sec-fetch-user").is_none()
                });
            file.check(origin, holds, &outcome);
        }
    });
    let own = || at(OWN, &[]);
    files.file("fetch/metadata/generated/fetch.https.sub.html", |file| {
        sites(file, |url| Fetch::get(url).mode(Mode::NoCors));
        has(file, "sec-fetch-mode", Some("cors"), Fetch::get(own()));
        has(
            file,
            "sec-fetch-mode",
            Some("cors"),
            Fetch::get(own()).mode(Mode::Cors),
        );
        has(
            file,
            "sec-fetch-mode",
            Some("no-cors"),
            Fetch::get(own()).mode(Mode::NoCors),
        );
        has(
            file,
            "sec-fetch-mode",
            Some("same-origin"),
            Fetch::get(own()).mode(Mode::SameOrigin),
        );
        has(file, "sec-fetch-dest", Some("empty"), Fetch::get(own()));
        has(file, "sec-fetch-user", None, Fetch::get(own()));
    });
    files.file(
        "fetch/metadata/generated/element-iframe.https.sub.html",
        |file| {
            sites(file, Fetch::frame);
            has(
                file,
                "sec-fetch-mode",
                Some("navigate"),
                Fetch::frame(own()),
            );
            has(file, "sec-fetch-dest", Some("iframe"), Fetch::frame(own()));
            has(file, "sec-fetch-user", None, Fetch::frame(own()));
            has(
                file,
                "sec-fetch-user",
                Some("?1"),
                Fetch::frame(own()).user_activation(true),
            );
        },
    );
    files.file(
        "fetch/metadata/generated/element-frame.https.sub.html",
        |file| {
            let frame = |url| Fetch::frame(url).destination(Destination::Frame);
            sites(file, frame);
            has(file, "sec-fetch-mode", Some("navigate"), frame(own()));
            has(file, "sec-fetch-dest", Some("frame"), frame(own()));
            has(file, "sec-fetch-user", None, frame(own()));
            has(
                file,
                "sec-fetch-user",
                Some("?1"),
                frame(own()).user_activation(true),
            );
        },
    );
    for name in [
        "fetch/metadata/generated/element-a.https.sub.html",
        "fetch/metadata/generated/element-area.https.sub.html",
    ] {
        files.file(name, |file| {
            let link = |url| Fetch::navigation(url).user_activation(false);
            // A link that downloads opens no page.
            let download = |url| {
                Fetch::get(url)
                    .mode(Mode::NoCors)
                    .credentials(Credentials::Include)
            };
            sites(file, link);
            has(
                file,
                "sec-fetch-site",
                Some("cross-site"),
                link(through(&[OWN, INSECURE, OWN])),
            );
            has(file, "sec-fetch-mode", Some("navigate"), link(own()));
            has(file, "sec-fetch-mode", Some("no-cors"), download(own()));
            has(file, "sec-fetch-dest", Some("document"), link(own()));
            has(file, "sec-fetch-dest", Some("empty"), download(own()));
            has(file, "sec-fetch-user", None, link(own()));
            has(file, "sec-fetch-user", Some("?1"), Fetch::navigation(own()));
        });
    }
    files.file(
        "fetch/metadata/generated/element-script.https.sub.html",
        |file| {
            let module = |url| Fetch::script(url).crossorigin(Credentials::SameOrigin);
            sites(file, Fetch::script);
            sites(file, module);
            has(
                file,
                "sec-fetch-mode",
                Some("no-cors"),
                Fetch::script(own()),
            );
            for credentials in [
                Credentials::SameOrigin,
                Credentials::SameOrigin,
                Credentials::SameOrigin,
                Credentials::Include,
            ] {
                has(
                    file,
                    "sec-fetch-mode",
                    Some("cors"),
                    Fetch::script(own()).crossorigin(credentials),
                );
            }
            has(file, "sec-fetch-dest", Some("script"), Fetch::script(own()));
            has(file, "sec-fetch-user", None, Fetch::script(own()));
        },
    );
    files.file("fetch/metadata/generated/fetch.sub.html", |file| {
        insecure(file, Fetch::get)
    });
    files.file("fetch/metadata/generated/element-iframe.sub.html", |file| {
        insecure(file, Fetch::frame)
    });
    let link = |url| Fetch::navigation(url).user_activation(false);
    for name in [
        "fetch/metadata/generated/element-a.sub.html",
        "fetch/metadata/generated/element-area.sub.html",
    ] {
        files.file(name, |file| insecure(file, link));
    }
    files.file("fetch/metadata/generated/element-script.sub.html", |file| {
        insecure(file, Fetch::script);
        insecure(file, module);
    });
    files.file("fetch/metadata/generated/element-img.sub.html", |file| {
        // Once with `src`, once with `srcset`.
        insecure(file, Fetch::image);
        insecure(file, Fetch::image);
    });
    files.file(
        "fetch/metadata/generated/form-submission.sub.html",
        |file| {
            insecure(file, link);
            insecure(file, |url| {
                Fetch::form(url, String::new()).user_activation(false)
            });
        },
    );
    files.file(
        "fetch/metadata/generated/worker-dedicated-constructor.https.sub.html",
        |file| {
            let worker = || {
                Fetch::get(own())
                    .mode(Mode::SameOrigin)
                    .destination(Destination::Worker)
            };
            // A classic script, and a module.
            for _ in 0..2 {
                has(file, "sec-fetch-mode", Some("same-origin"), worker());
                has(file, "sec-fetch-dest", Some("worker"), worker());
                has(file, "sec-fetch-user", None, worker());
            }
        },
    );
    files.file(
        "fetch/metadata/generated/cors-preflight.https.sub.html",
        |file| {
            for (origin, name, value) in [
                (CROSS_SITE, "sec-fetch-site", Some("cross-site")),
                (SAME_SITE, "sec-fetch-site", Some("same-site")),
                (CROSS_SITE, "sec-fetch-mode", Some("cors")),
                (CROSS_SITE, "sec-fetch-dest", Some("empty")),
                (CROSS_SITE, "sec-fetch-user", None),
            ] {
                let outcome = ask(with("DELETE", at(origin, &[]), &[]));
                let preflight = outcome.preflight().expect("it needs one");
                file.check(
                    format!("{origin} {name}"),
                    sent(preflight, name) == value,
                    &outcome,
                );
            }
        },
    );
    files.file("fetch/metadata/form.https.sub.html", |file| {
        for activated in [false, true] {
            for (origin, site) in [
                (OWN, "same-origin"),
                (SAME_SITE, "same-site"),
                (CROSS_SITE, "cross-site"),
            ] {
                let outcome = ask(Fetch::navigation(at(origin, &[])).user_activation(activated));
                let holds = last(&outcome, "sec-fetch-site") == Some(site)
                    && last(&outcome, "sec-fetch-user") == activated.then_some("?1")
                    && last(&outcome, "sec-fetch-mode") == Some("navigate")
                    && last(&outcome, "sec-fetch-dest") == Some("document");
                file.check(format!("{origin} {activated}"), holds, &outcome);
            }
        }
    });
    files.file(
        "fetch/metadata/generated/element-img.https.sub.html",
        |file| {
            // Once with `src`, once with `srcset`.
            for _ in 0..2 {
                sites(file, Fetch::image);
                has(file, "sec-fetch-mode", Some("no-cors"), Fetch::image(own()));
                for credentials in [
                    Credentials::SameOrigin,
                    Credentials::SameOrigin,
                    Credentials::Include,
                ] {
                    has(
                        file,
                        "sec-fetch-mode",
                        Some("cors"),
                        Fetch::image(own()).crossorigin(credentials),
                    );
                }
                has(file, "sec-fetch-dest", Some("image"), Fetch::image(own()));
                has(file, "sec-fetch-user", None, Fetch::image(own()));
            }
        },
    );
    files.file(
        "fetch/metadata/generated/form-submission.https.sub.html",
        |file| {
            let post = |url| Fetch::form(url, String::new()).user_activation(false);
            let get = |url| Fetch::navigation(url).user_activation(false);
            for way in [get as Way, post] {
                sites(file, way);
                let down = through(&[OWN, INSECURE, OWN]);
                has(file, "sec-fetch-site", Some("cross-site"), way(down));
                has(file, "sec-fetch-mode", Some("navigate"), way(own()));
                has(file, "sec-fetch-dest", Some("document"), way(own()));
                has(file, "sec-fetch-user", None, way(own()));
                has(
                    file,
                    "sec-fetch-user",
                    Some("?1"),
                    way(own()).user_activation(true),
                );
            }
        },
    );
}
