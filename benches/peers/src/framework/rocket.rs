//! Rocket with rocket_cors, attached as a fairing.

use rocket::http::{Header, Method, Status};
use rocket::local::asynchronous::Client;
use rocket::route::{Handler, Outcome};
use rocket::{Data, Request, Response, Route};
use rocket_cors::{AllowedHeaders, AllowedOrigins, Cors, CorsOptions};

use crate::{METHODS, OwnHeaders, Policy, Visitor, head};

#[derive(Clone)]
struct Served(OwnHeaders);

#[rocket::async_trait]
impl Handler for Served {
    async fn handle<'r>(&self, _: &'r Request<'_>, _: Data<'r>) -> Outcome<'r> {
        let mut response = Response::build();
        response.status(Status::Ok);
        for (name, value) in self.0 {
            response.raw_header_adjoin(*name, *value);
        }
        Outcome::Success(response.finalize())
    }
}

pub(crate) fn show(policy: Option<&Policy>, own: OwnHeaders, visitor: &mut impl Visitor) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().expect("a runtime");
    let routes = [Method::Get, Method::Put, Method::Options];
    let routes = routes.map(|method| Route::new(method, "/", Served(own)));
    let quiet = rocket::Config {
        log_level: rocket::config::LogLevel::Off,
        ..Default::default()
    };
    let mut rocket = rocket::custom(quiet).mount("/", routes);
    if let Some(policy) = policy {
        rocket = rocket.attach(cors(policy));
    }
    let client = runtime
        .block_on(Client::untracked(rocket))
        .expect("an application");
    visitor.visit(
        |request| {
            let method = request.method().as_str().parse().expect("a method");
            let mut asked = client.req(method, "/");
            for (name, value) in request.headers() {
                let value = value.to_str().expect("a text").to_owned();
                asked.add_header(Header::new(name.as_str().to_owned(), value));
            }
            asked
        },
        |request| runtime.block_on(request.dispatch()),
        |response| {
            let headers = response.headers().iter();
            let headers: Vec<_> = headers
                .map(|header| (header.name.to_string(), header.value.to_string()))
                .collect();
            let headers = headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_bytes()));
            head(response.status().code, headers)
        },
    );
}

fn cors(policy: &Policy) -> Cors {
    let mut options = CorsOptions::default()
        .allowed_origins(AllowedOrigins::some_exact(&policy.origins))
        .allowed_methods(
            METHODS
                .iter()
                .map(|method| method.parse().expect("a method"))
                .collect(),
        )
        .allowed_headers(AllowedHeaders::some(&[policy.header]))
        .allow_credentials(policy.credentials);
    if let Some(seconds) = policy.max_age {
        options = options.max_age(Some(seconds as usize));
    }
    options.to_cors().expect("no mistake")
}
