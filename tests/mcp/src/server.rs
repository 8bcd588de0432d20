//! The server.

use std::sync::Arc;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, JsonObject,
    ListToolsResult, PaginatedRequestParams, ProgressNotificationParam, ServerCapabilities,
    ServerConfig, SubscriptionFilter, Tool,
};
use rmcp::service::{RequestContext, SubscriptionContext};
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::{Value, json};
use tokio::sync::Notify;

/// The header of a parameter of the tool `deploy`, as its schema names it.
pub const REGION: &str = "Region";

/// The server of a few tools.
///
/// - `query` returns what it was asked.
/// - `count` sends its progress, waits for `release`, and ends.
/// - `change` says that the list of tools has changed, on the stream of GET or of `subscriptions/listen`.
/// - `deploy` has parameters with headers.
#[derive(Clone, Debug, Default)]
pub struct Tools {
    released: Arc<Notify>,
    changed: Arc<Notify>,
}

fn schema(properties: Value) -> Arc<JsonObject> {
    let schema = json!({ "type": "object", "properties": properties });
    Arc::new(schema.as_object().cloned().unwrap_or_default())
}

fn tools() -> Vec<Tool> {
    let text = json!({ "text": { "type": "string" } });
    let deployment = json!({
        "region": { "type": "string", "x-mcp-header": REGION },
        "replicas": { "type": "integer", "x-mcp-header": "Replicas" },
    });
    vec![
        Tool::new("query", "Returns what it was asked.", schema(text)),
        Tool::new("count", "Counts until it is released.", schema(json!({}))),
        Tool::new("release", "Ends the counting.", schema(json!({}))),
        Tool::new("change", "Changes the tools.", schema(json!({}))),
        Tool::new("deploy", "Deploys to a region.", schema(deployment)),
    ]
}

impl Tools {
    async fn count(&self, context: &RequestContext<RoleServer>) -> String {
        if let Some(token) = context.meta.get_progress_token() {
            for number in [1.0, 2.0] {
                let progress = ProgressNotificationParam::new(token.clone(), number);
                // A client that went away is not told.
                let _ = context.peer.notify_progress(progress).await;
                if number == 1.0 {
                    self.released.notified().await;
                }
            }
        }
        "counted".to_owned()
    }
}

impl ServerHandler for Tools {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_tool_list_changed()
            .build();
        ServerConfig::new(capabilities)
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        tools().into_iter().find(|tool| tool.name == name)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(tools()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = Value::Object(request.arguments.unwrap_or_default());
        let text = match &*request.name {
            "query" => format!("asked for {}", arguments["text"]),
            "count" => self.count(&context).await,
            "release" => {
                self.released.notify_one();
                "released".to_owned()
            }
            "change" => {
                self.changed.notify_one();
                // Only sessions have a stream for it.
                let _ = context.peer.notify_tool_list_changed().await;
                "changed".to_owned()
            }
            "deploy" => format!("deployed {arguments}"),
            unknown => {
                return Err(ErrorData::invalid_params(
                    format!("no tool {unknown}"),
                    None,
                ));
            }
        };
        Ok(CallToolResult::success(vec![ContentBlock::text(text)]).into())
    }

    fn accepted_subscription_filter(
        &self,
        asked: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        Some(asked.supported_by(&self.get_info().capabilities))
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        loop {
            tokio::select! {
                () = context.cancelled() => return Ok(()),
                () = self.changed.notified() => {
                    let _ = context.sink().notify_tool_list_changed().await;
                }
            }
        }
    }
}
