//! A Tonic service that pages of one origin may call by gRPC-Web.
//!
//! The service is gRPC's own health check, which comes with its code: no `protoc` is needed.

use std::error::Error;

use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic_web::GrpcWebLayer;
use tower_cors::{CorsLayer, PolicyBuilder};

/// The origin whose pages may call.
pub const PAGE: &str = "https://app.example.com";

/// Serves `grpc.health.v1.Health` on `listener`, over gRPC and gRPC-Web.
///
/// # Errors
///
/// When the policy has mistakes, or the listener fails.
pub async fn serve(listener: TcpListener) -> Result<(), Box<dyn Error + Send + Sync>> {
    // Beside these, a real service adds `AUTHORIZATION` and its metadata with `allow_headers`.
    let policy = PolicyBuilder::grpc_web().allow_origins([PAGE]).build()?;
    let (_reporter, health) = tonic_health::server::health_reporter();
    Server::builder()
        // Browsers speak HTTP/1.1 to a server without TLS.
        .accept_http1(true)
        // The first layer is the outermost. `GrpcWebLayer` would answer preflights with 400.
        .layer(CorsLayer::new(policy))
        .layer(GrpcWebLayer::new())
        .add_service(health)
        .serve_with_incoming(TcpIncoming::from(listener))
        .await?;
    Ok(())
}
