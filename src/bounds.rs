//! The requirements of the layer on what it is given. The compiler's message names the way out.

use crate::source::PolicySource;

/// A service that can be cloned.
///
/// Every service that is `Clone` implements it. [`Cors`](crate::Cors) clones the inner service for two reasons:
///
/// - If the layer responds itself, it releases what `poll_ready` reserved, such as a permit of a concurrency limit.
/// - If a request waits for a lookup that may block it, the ready service waits too, and a clone is left behind.
///
/// A service that is not `Clone` needs a buffer between it and the layer:
///
/// ```
/// use std::convert::Infallible;
/// use http::{Request, Response};
/// use tower::{ServiceBuilder, service_fn, util::BoxService};
/// use tower_cors::CorsLayer;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let not_clone = BoxService::new(service_fn(async |_: Request<String>| {
///     Ok::<_, Infallible>(Response::new("hello".to_owned()))
/// }));
/// let service = ServiceBuilder::new()
///     .layer(CorsLayer::permissive())
///     .buffer(64)
///     .service(not_clone);
/// # tower::ServiceExt::oneshot(service, Request::new(String::new())).await.unwrap();
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not `Clone`, so a `CorsLayer` cannot wrap it",
    label = "this service is not `Clone`",
    note = "put a buffer between the layer and the service: `ServiceBuilder::new().layer(cors).buffer(64).service(..)`",
    note = "or box it with `tower::util::BoxCloneSyncService` instead of `BoxService`"
)]
pub trait CloneService: Clone {}

#[diagnostic::do_not_recommend]
impl<S: Clone> CloneService for S {}

/// A response body that can be empty.
///
/// Every body that is `Default` implements it. [`Cors`](crate::Cors) answers preflights with the default body.
///
/// The bodies of some layers are not `Default`, such as those of `TraceLayer` and `RequestBodyLimitLayer`. Add the `CorsLayer` inside of such a layer,
/// or convert the body:
///
/// ```
/// use axum::{Router, body::Body};
/// use tower::ServiceBuilder;
/// use tower_cors::CorsLayer;
/// use tower_http::{map_response_body::MapResponseBodyLayer, trace::TraceLayer};
///
/// let app: Router = Router::new().layer(
///     ServiceBuilder::new()
///         .layer(CorsLayer::permissive())
///         .layer(MapResponseBodyLayer::new(Body::new))
///         .layer(TraceLayer::new_for_http()),
/// );
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not `Default`, so a `CorsLayer` cannot answer preflights with it",
    label = "this response body is not `Default`",
    note = "add the `CorsLayer` inside of the layer that changes the body",
    note = "or convert the body between the two, in Axum with `tower_http`'s `MapResponseBodyLayer::new(axum::body::Body::new)`"
)]
pub trait EmptyBody: Default {}

#[diagnostic::do_not_recommend]
impl<B: Default> EmptyBody for B {}

/// What [`CorsLayer::new`](crate::CorsLayer::new) takes: a [`PolicySource`], or what converts into one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a source of policies",
    label = "this is not a policy or another source of policies",
    note = "build a `PolicyBuilder` or `PolicyConfig` first: `CorsLayer::new(builder.build()?)`",
    note = "convert a `Vec<Policy>` with `PolicyList::try_from(policies)?`",
    note = "for a policy that allows nobody, write `CorsLayer::new(Policy::nobody())`"
)]
pub trait PolicySources: Into<PolicySource> {}

#[diagnostic::do_not_recommend]
impl<T: Into<PolicySource>> PolicySources for T {}
