//! The service that the proxies stand before, with every layer and every manner of answering.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path as Segments, State};
use axum::response::Response;
use axum::routing::get;
use http::header::{
    ACCEPT_LANGUAGE, ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL,
    ETAG, IF_NONE_MATCH, LOCATION, VARY,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use tempfile::TempDir;
use tokio::net::UnixListener;
use tokio::task::JoinHandle;
use tower::util::MapResponseLayer;
use tower_http::compression::CompressionLayer;

use crate::meant::SERVICES;

/// How a service answers, beside CORS.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Manner {
    /// The second segment of the path.
    pub name: &'static str,
    /// The lines of `Vary` that the application sets.
    pub vary: &'static [&'static str],
    /// How long it may be kept, as `Cache-Control` says.
    pub cache_control: &'static str,
    /// Its status, where no condition changes it.
    pub status: u16,
    /// Whether it is compressed for who asks.
    pub compressed: bool,
    /// Whether the application sends CORS headers of its own.
    pub speaks_of_cors: bool,
}

const PLAIN: Manner = Manner {
    name: "plain",
    vary: &[],
    cache_control: "public, max-age=3600",
    status: 200,
    compressed: false,
    speaks_of_cors: false,
};

/// Every manner; the last two are kept for a second.
pub const MANNERS: [Manner; 14] = [
    PLAIN,
    Manner {
        name: "language",
        vary: &["Accept-Language"],
        ..PLAIN
    },
    Manner {
        name: "language-lower",
        vary: &["accept-language , accept"],
        ..PLAIN
    },
    Manner {
        name: "two-lines",
        vary: &["Accept", "Accept-Language"],
        ..PLAIN
    },
    Manner {
        name: "origin-first",
        vary: &["Origin", "Accept-Language"],
        ..PLAIN
    },
    Manner {
        name: "origin-last",
        vary: &["Accept-Language", "origin"],
        ..PLAIN
    },
    Manner {
        name: "all",
        vary: &["*"],
        ..PLAIN
    },
    Manner {
        name: "all-in-list",
        vary: &["Accept-Language, *"],
        ..PLAIN
    },
    Manner {
        name: "compressed",
        compressed: true,
        ..PLAIN
    },
    Manner {
        name: "missing",
        status: 404,
        ..PLAIN
    },
    Manner {
        name: "moved",
        status: 301,
        ..PLAIN
    },
    Manner {
        name: "own-cors",
        speaks_of_cors: true,
        ..PLAIN
    },
    Manner {
        name: "revalidated",
        cache_control: "public, max-age=1",
        ..PLAIN
    },
    Manner {
        name: "stale",
        cache_control: "public, max-age=1, stale-while-revalidate=3600",
        ..PLAIN
    },
];

/// What of the layers' work is undone, so that it is found out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Vary {
    /// Nothing.
    Kept,
    /// `Origin` is taken out of `Vary`.
    WithoutOrigin,
}

/// The service, until it is dropped.
#[derive(Debug)]
pub struct Running {
    task: JoinHandle<()>,
    not_modified: Arc<AtomicUsize>,
    directory: TempDir,
}

impl Running {
    /// Serves on a socket in a directory of its own.
    ///
    /// # Panics
    ///
    /// Where there can be no such socket.
    pub fn start(vary: Vary) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let listener = UnixListener::bind(socket(directory.path())).expect("a socket");
        let not_modified = Arc::new(AtomicUsize::new(0));
        let router = router(vary, &not_modified);
        let serving = async move {
            axum::serve(listener, router)
                .await
                .expect("it does not end")
        };
        Self {
            task: tokio::spawn(serving),
            not_modified,
            directory,
        }
    }

    /// Where it listens.
    pub fn socket(&self) -> PathBuf {
        socket(self.directory.path())
    }

    /// How often it answered that nothing was modified.
    pub fn not_modified(&self) -> usize {
        self.not_modified.load(Ordering::Relaxed)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn socket(directory: &Path) -> PathBuf {
    directory.join("service.sock")
}

fn router(vary: Vary, not_modified: &Arc<AtomicUsize>) -> Router {
    let compressed = MANNERS.iter().filter(|manner| manner.compressed);
    let routes = SERVICES.iter().map(|service| {
        let all = Router::new().route(
            &format!("/{}/{{manner}}/{{number}}", service.name),
            get(answer),
        );
        let small = compressed.clone().fold(Router::new(), |routes, manner| {
            let path = format!("/{}/{}/{{number}}", service.name, manner.name);
            let named = move |state, Segments(number): Segments<String>, headers| {
                answer(state, Segments((manner.name.to_owned(), number)), headers)
            };
            routes
                .route(&path, get(named))
                .layer(CompressionLayer::new())
        });
        all.merge(small).layer((service.layer)())
    });
    let router = routes
        .fold(Router::new(), Router::merge)
        .with_state(Arc::clone(not_modified));
    match vary {
        Vary::Kept => router,
        Vary::WithoutOrigin => router.layer(MapResponseLayer::new(without_origin)),
    }
}

fn without_origin(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let lines = headers
        .get_all(VARY)
        .iter()
        .map(|line| line.to_str().expect("ASCII"));
    let names = lines.flat_map(|line| line.split(',')).map(str::trim);
    let names: Vec<&str> = names
        .filter(|name| !name.eq_ignore_ascii_case("origin"))
        .collect();
    let vary = HeaderValue::try_from(names.join(", ")).expect("names");
    headers.remove(VARY);
    if !vary.is_empty() {
        headers.insert(VARY, vary);
    }
    response
}

/// The body of a response in a language: long enough to be worth compressing.
pub(crate) fn body(service: &str, manner: &str, number: &str, language: Option<&str>) -> String {
    let word = if language == Some("de") {
        "Ungeheuer"
    } else {
        "monster"
    };
    format!(
        "{service} {manner} {number}: {}",
        format!("{word} ").repeat(20)
    )
}

pub(crate) fn etag(number: &str, language: Option<&str>) -> String {
    format!("\"{number}-{}\"", language.unwrap_or("en"))
}

async fn answer(
    State(not_modified): State<Arc<AtomicUsize>>,
    Segments((manner, number)): Segments<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let manner = MANNERS
        .iter()
        .find(|known| known.name == manner)
        .expect("a known manner");
    let varies_on_language = manner
        .vary
        .iter()
        .any(|line| line.to_ascii_lowercase().contains("accept-language"));
    let language = headers
        .get(ACCEPT_LANGUAGE)
        .and_then(|line| line.to_str().ok());
    let language = language.filter(|_| varies_on_language || manner.name == "all");
    let etag = etag(&number, language);
    let mut response = Response::new(Body::from(body("a", manner.name, &number, language)));
    *response.status_mut() = StatusCode::from_u16(manner.status).expect("a status");
    let said = response.headers_mut();
    let mut say =
        |name, value: &str| said.append(name, HeaderValue::from_str(value).expect("a value"));
    say(CACHE_CONTROL, manner.cache_control);
    say(ETAG, &etag);
    for line in manner.vary {
        say(VARY, line);
    }
    if manner.status == 301 {
        say(LOCATION, "/elsewhere");
    }
    if manner.speaks_of_cors {
        say(ACCESS_CONTROL_ALLOW_ORIGIN, "https://evil.example");
        say(ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
    }
    if manner.status == 200
        && headers
            .get(IF_NONE_MATCH)
            .is_some_and(|known| *known == *etag)
    {
        not_modified.fetch_add(1, Ordering::Relaxed);
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
    }
    response
}
