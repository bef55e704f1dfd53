//! The real products in the era of 2026-07-28, through the bridge, for hosts of both eras:
//! something is read, something is written, and what was written is found.

use mcp_tether::protocol::ProtocolVersion;
use mcp_tether_mock::{Auth, MockOptions, ProductName, Served};
use serde_json::{Value, json};

use crate::support::harness::Harness;

/// A product, and calls of it whose results hold a text.
struct Plan {
    product: ProductName,
    credential: Option<&'static str>,
    calls: [(&'static str, Value, &'static str); 3],
}

fn launchmystore() -> Plan {
    Plan {
        product: ProductName::LaunchMyStore,
        credential: Some("Bearer lms_demo_token"),
        calls: [
            ("get_product", json!({ "id": "linen-apron" }), "linen-apron"),
            (
                "create_coupon",
                json!({ "code": "MODERN20", "kind": "percentage", "value": 20 }),
                "MODERN20",
            ),
            ("get_coupon", json!({ "id": "MODERN20" }), "MODERN20"),
        ],
    }
}

fn pelcro() -> Plan {
    let reader = json!({ "site_id": 1205, "email": "modern@mail.example" });
    Plan {
        product: ProductName::Pelcro,
        credential: None,
        calls: [
            ("list_invoices", json!({ "site_id": 1205, "status": "open" }), "amount_remaining"),
            ("create_customer", reader.clone(), "modern@mail.example"),
            ("list_customers", reader, "modern@mail.example"),
        ],
    }
}

impl Plan {
    /// Returns a bridge in front of the product, which speaks only 2026-07-28.
    fn serve(&self) -> Harness {
        let own = MockOptions::of(self.product);
        let options = MockOptions {
            protocol: Served::Only(ProtocolVersion::V2026_07_28),
            auth: if self.credential.is_some() { own.auth.clone() } else { Auth::Open },
            ..own
        };
        Harness::with(options, |options| {
            if let Some(value) = self.credential {
                let name = reqwest::header::AUTHORIZATION;
                options.remote.headers.push((name, value.parse().unwrap()));
            }
        })
    }

    async fn play(self) {
        let mut legacy = self.serve().open().await;
        for (tool, arguments, text) in &self.calls {
            let answer = legacy.call(tool, arguments.clone()).await;
            works(tool, &answer, text);
            assert!(answer["result"].get("resultType").is_none(), "{answer}");
        }
        let mut modern = self.serve();
        for (tool, arguments, text) in &self.calls {
            let answer = modern.call_modern(tool, arguments.clone()).await;
            works(tool, &answer, text);
            assert_eq!(answer["result"]["resultType"], "complete");
        }
        for host in [legacy, modern] {
            assert_eq!(host.count("tools/call"), self.calls.len());
            for call in host.mock.recorder().of_method("tools/call") {
                assert_eq!(call.header("mcp-protocol-version"), Some("2026-07-28"));
            }
        }
    }
}

fn works(tool: &str, answer: &Value, text: &str) {
    let result = &answer["result"];
    assert!(result["structuredContent"].is_object() && result["isError"] != true, "{answer}");
    assert!(result["structuredContent"].to_string().contains(text), "{tool}: {result}");
}

/// E-04, E-20: the mock refuses whatever is not of its era
#[tokio::test]
async fn the_shop_system_is_read_and_written_in_the_modern_era() {
    launchmystore().play().await;
}

/// E-04, E-20
#[tokio::test]
async fn the_records_of_publishers_are_read_and_written_in_the_modern_era() {
    pelcro().play().await;
}
