//! A service for `wasm32-unknown-unknown`, as a worker is. Each of its workers answers through a layer of another source.
//!
//! `sources.test.mjs` calls it. `bash .ci/run wasm` builds and runs both.

use std::convert::Infallible;
use std::error::Error;
use std::time::Duration;

use http::{Request, Response};
use send_wrapper::SendWrapper;
use serde_json::json;
use tower::{Layer, ServiceExt, service_fn};
use tower_cors::{
    CorsLayer, DynamicPolicies, PathPolicies, Policy, PolicyCache, PolicyConfig, PolicyErrors,
    PolicyHandle, PolicyList, PolicySource,
};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::JsFuture;

/// A service behind a layer, which keeps its cache between requests.
#[derive(Debug)]
#[wasm_bindgen]
pub struct Worker {
    layer: CorsLayer,
    handle: PolicyHandle,
    cache: PolicyCache,
}

#[wasm_bindgen]
impl Worker {
    /// Creates a worker whose policies come from a source. Each allows `origin`.
    #[wasm_bindgen(constructor)]
    pub fn new(source: &str, origin: &str) -> Result<Worker, String> {
        let handle = policy(origin).map_err(|error| error.to_string())?;
        let handle = PolicyHandle::new(handle);
        let cache = PolicyCache::default();
        let source = source_of(source, origin, &handle, &cache);
        Ok(Self {
            layer: CorsLayer::new(source.map_err(|error| error.to_string())?),
            handle,
            cache,
        })
    }

    /// Sends a request of a page. Returns the status and the headers of the response as JSON.
    pub async fn fetch(&self, method: &str, origin: &str) -> Result<String, String> {
        let layer = self.layer.clone();
        let mut request = Request::builder().method(method).uri("/items/1");
        request = request.header("origin", origin);
        if method == "OPTIONS" {
            request = request.header("access-control-request-method", "PUT");
        }
        let request = request.body(()).map_err(|error| error.to_string())?;
        let service = layer.layer(service_fn(async |_: Request<()>| {
            Ok::<_, Infallible>(Response::new(String::from("served")))
        }));
        let Ok(response) = service.oneshot(request).await;
        let (head, body) = response.into_parts();
        let headers = head.headers.iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), json!(value))
        });
        let headers: serde_json::Map<_, _> = headers.collect();
        let answer = json!({"status": head.status.as_u16(), "headers": headers, "body": body});
        Ok(answer.to_string())
    }

    /// Lets the handle allow this origin alone.
    pub fn replace(&self, origin: &str) -> Result<(), String> {
        let policy = policy(origin).map_err(|error| error.to_string())?;
        self.handle.replace(policy);
        Ok(())
    }

    /// Returns how often the cache had a decision, and how often it had to look one up.
    #[wasm_bindgen(getter)]
    pub fn stats(&self) -> Vec<u32> {
        let stats = self.cache.stats();
        [stats.hits, stats.misses].map(|count| count as u32).into()
    }
}

fn policy(origin: &str) -> Result<Policy, PolicyErrors> {
    Policy::builder()
        .allow_origin(origin)
        .allow_methods(["PUT"])
        .max_age(Duration::from_secs(600))
        .build()
}

fn source_of(
    name: &str,
    origin: &str,
    handle: &PolicyHandle,
    cache: &PolicyCache,
) -> Result<PolicySource, Box<dyn Error>> {
    Ok(match name {
        "policy" => policy(origin)?.into(),
        "predicate" => {
            let known = origin.to_owned();
            let policy =
                Policy::builder().allow_origins_where(move |origin| origin.as_str() == known);
            policy
                .allow_method("PUT")
                .max_age(Duration::from_secs(600))
                .build()?
                .into()
        }
        "file" => {
            let text = json!({"origins": origin, "methods": "PUT", "max_age": "600"});
            serde_json::from_value::<PolicyConfig>(text)?
                .build()?
                .into()
        }
        "list" => PolicyList::new(policy("https://other.example")?)
            .then(policy(origin)?)
            .into(),
        "handle" => handle.clone().into(),
        "path" => PathPolicies::new([("/items/{id}", policy(origin)?)])?.into(),
        "lookup" => lookup(origin.to_owned(), false).cache(cache.clone()).into(),
        "failing lookup" => lookup(origin.to_owned(), true).cache(cache.clone()).into(),
        _ => return Err(format!("there is no source {name}").into()),
    })
}

/// A lookup that waits for the host, as one in a worker's database does. Promises cannot be sent to other threads, and there
/// are none.
fn lookup(known: String, fails: bool) -> DynamicPolicies {
    DynamicPolicies::new(move |origin, _| {
        let known = known.clone();
        SendWrapper::new(async move {
            let promise = js_sys::Promise::resolve(&JsValue::from_bool(!fails));
            let answer = JsFuture::from(promise).await;
            if answer.map_err(|_| "rejected")? != JsValue::TRUE {
                return Err("the database is away");
            }
            if origin.as_str() != known {
                return Ok(None);
            }
            policy(&known).map(Some).map_err(|_| "a mistake")
        })
    })
}
