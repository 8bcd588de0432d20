//! The cases, and how an engine runs them.

use std::fmt;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::description::{Described, Scheme};
use crate::layers::Layers;
use crate::site::RESPONSE_HEADERS;
use crate::{CredentialsMode, Network, PageOrigin, ScriptRequest, Seen, Session, Site, Verdict};
use crate::{Engine, Log};

/// The number of the request that gets the service's cookie.
const FIRST_VISIT: u32 = u32::MAX;

/// A request of a page to a service.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Its place in the matrix.
    pub number: u32,
    /// To which service.
    pub service: Described,
    /// Of which page.
    pub page: PageOrigin,
    /// What its script asks for.
    pub request: ScriptRequest,
}

impl Case {
    /// A URL of its own, so that no preflight serves two cases.
    pub(crate) fn url(&self) -> String {
        let service = PageOrigin::service(self.service.scheme);
        format!("{service}/{}?case={}", self.service.name, self.number)
    }

    /// Whether its request carries the service's cookie, which is `SameSite=Lax`.
    pub fn has_cookie(&self, engine: Engine) -> bool {
        match self.request.credentials {
            CredentialsMode::Omit => false,
            CredentialsMode::SameOrigin => self.page == PageOrigin::service(self.service.scheme),
            CredentialsMode::Include => self.page.is_same_site(self.service.scheme, engine),
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            number,
            service,
            page,
            request,
        } = self;
        let ScriptRequest {
            method,
            headers,
            credentials,
            ..
        } = request;
        let credentials = credentials.name();
        let service = service.name;
        write!(
            f,
            "case {number}: {method} {headers:?} with credentials mode {credentials}, of a page at {page}, to {service}"
        )
    }
}

/// Services, each asked by every page for every request.
#[derive(Clone, Debug)]
pub struct Matrix {
    services: Vec<Described>,
    /// Case by case, in the order of their numbers; those of a page stand together.
    pub cases: Vec<Case>,
}

impl Matrix {
    /// Every request of every page to every service.
    pub fn new(services: &[Described], pages: &[PageOrigin], requests: &[ScriptRequest]) -> Self {
        let mut cases = Vec::new();
        for page in pages {
            for service in services {
                for request in requests {
                    cases.push(Case {
                        number: u32::try_from(cases.len()).expect("few cases"),
                        service: *service,
                        page: *page,
                        request: *request,
                    });
                }
            }
        }
        Self {
            services: services.to_vec(),
            cases,
        }
    }

    /// The same services and requests over TLS, for these pages.
    pub fn over_tls(
        services: &[Described],
        pages: &[PageOrigin],
        requests: &[ScriptRequest],
    ) -> Self {
        let scheme = Scheme::Https;
        let over_tls = |service: &Described| Described { scheme, ..*service };
        let services: Vec<_> = services.iter().map(over_tls).collect();
        Self::new(&services, pages, requests)
    }

    /// The services behind these layers.
    pub fn site(&self, layers: Layers) -> Site {
        Site::new(&self.services, layers)
    }

    /// What an engine makes of the cases, and what came to the services.
    ///
    /// # Panics
    ///
    /// Where the engine does not run them.
    pub async fn judged_by(&self, engine: Engine, layers: Layers) -> Judged {
        let site = self.site(layers);
        let scheme = self.services[0].scheme;
        let network = match scheme {
            Scheme::Http => Network::start(site.router.clone()).await,
            Scheme::Https => Network::start_over_tls(site.router.clone()).await,
        };
        let mut session = engine.open(network).await;
        let mut seen = Vec::new();
        session.page.visit(PageOrigin::service(scheme)).await;
        let visit = json!(format!("/{}?case={FIRST_VISIT}", self.services[0].name));
        session.page.run("await fetch(argument)", &visit).await;
        let start = Instant::now();
        for cases in self.cases.chunk_by(|one, next| one.page == next.page) {
            seen.extend(run(&mut session, cases).await);
        }
        let took = start.elapsed();
        let log = site.log().clone();
        let verdicts = self
            .cases
            .iter()
            .zip(seen)
            .map(|(case, seen)| log.verdict(case, seen))
            .collect();
        Judged {
            version: session.version.clone(),
            verdicts,
            log,
            took,
        }
    }
}

/// What an engine made of a matrix.
#[derive(Debug)]
pub struct Judged {
    /// The engine's version.
    pub version: String,
    /// Case by case.
    pub verdicts: Vec<Verdict>,
    /// What came to the services.
    pub log: Log,
    /// How long it took, without its start.
    pub took: Duration,
}

/// Sixteen at a time; engines differ in how they say that nothing can be read, but it is a `TypeError`.
const SCRIPT: &str = r#"
    const results = [];
    let next = 0;
    async function work() {
      while (next < argument.length) {
        const number = next++;
        const { url, method, headers, credentials } = argument[number];
        try {
          // As pairs, of which a `Headers` object would make one.
          const response = await fetch(url, { method, headers, credentials, cache: "no-store" });
          const body = await response.text();
          results[number] = { status: response.status, headers: [...response.headers.keys()], body };
        } catch (error) {
          results[number] = error instanceof TypeError ? null : { error: String(error) };
        }
      }
    }
    await Promise.all(Array.from({ length: 16 }, work));
    return results;
"#;

async fn run(session: &mut Session, cases: &[Case]) -> Vec<Option<Seen>> {
    let Some(first) = cases.first() else {
        return Vec::new();
    };
    session.page.visit(first.page).await;
    let argument = cases.iter().map(|case| {
        json!({
            "url": case.url(),
            "method": case.request.method,
            "headers": case.request.headers,
            "credentials": case.request.credentials.name(),
        })
    });
    let results = session.page.run(SCRIPT, &argument.collect()).await;
    let results = results.as_array().expect("a result for each case");
    assert_eq!(results.len(), cases.len());
    cases
        .iter()
        .zip(results)
        .map(|(case, result)| seen(case, result))
        .collect()
}

fn seen(case: &Case, result: &Value) -> Option<Seen> {
    if result.is_null() {
        return None;
    }
    let status = result["status"]
        .as_u64()
        .and_then(|status| u16::try_from(status).ok());
    let status = status.unwrap_or_else(|| panic!("{case}: {result}"));
    let headers = result["headers"].as_array().into_iter().flatten();
    let headers = headers.filter_map(Value::as_str).map(str::to_owned);
    Some(Seen {
        status,
        headers: headers.filter(|name| is_of_the_service(name)).collect(),
        body: result["body"].as_str().unwrap_or_default().to_owned(),
    })
}

/// What the server adds, such as `Date`, is not compared.
pub(crate) fn is_of_the_service(name: &str) -> bool {
    RESPONSE_HEADERS.iter().any(|(of, _)| *of == name)
}
