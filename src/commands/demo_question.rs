//! The question of `demo` for each product of the mock: its words, the tool that answers it, and
//! how to print the result. Adding a product is one arm of [`DemoQuestion::to`].

use serde_json::Value;

use super::readable::{self, counted};
use mcp_tether_mock::ProductName;

/// A question and the call that answers it.
pub(super) struct DemoQuestion {
    pub(super) words: &'static str,
    pub(super) tool: &'static str,
    /// The arguments of the call, as JSON.
    pub(super) arguments: &'static str,
    /// Makes lines of the result, the most important first; `None` if the result is unexpected.
    pub(super) answer: fn(&Value) -> Option<Vec<String>>,
}

impl DemoQuestion {
    /// The question to this product.
    pub(super) fn to(product: ProductName) -> Self {
        match product {
            ProductName::Lab => Self {
                words: "how much are 20 and 22?",
                tool: "add",
                arguments: r#"{"a":20,"b":22}"#,
                answer: |result| Some(vec![result["structuredContent"]["sum"].to_string()]),
            },
            ProductName::Conformance => Self {
                words: "does a simple tool answer?",
                tool: "test_simple_text",
                arguments: "{}",
                answer: |result| Some(vec![text(&result["content"][0]["text"])?]),
            },
            ProductName::Egrow => Self {
                words: "which products have stock under 10?",
                tool: "find_products",
                arguments: r#"{"stockBelow":10,"perPage":50}"#,
                answer: low_stock,
            },
            ProductName::LaunchMyStore => Self {
                words: "what orders need fulfillment today?",
                tool: "list_orders",
                arguments: r#"{"paymentStatus":"paid","fulfillmentStatus":"unfulfilled"}"#,
                answer: waiting_orders,
            },
            ProductName::Pelcro | ProductName::PelcroStaging => Self {
                words: "which invoices are still open?",
                tool: "list_invoices",
                arguments: r#"{"site_id":1205,"status":"open"}"#,
                answer: open_invoices,
            },
        }
    }
}

/// The number of products, then each variant that is low on stock.
fn low_stock(result: &Value) -> Option<Vec<String>> {
    let products = result["structuredContent"]["items"].as_array()?;
    let mut lines = vec![format!("{} products", products.len())];
    for product in products {
        let of = text(&product["title"])?;
        for variant in product["lowVariants"].as_array()? {
            let title = format!("{of}, {}", text(&variant["title"])?);
            let (sku, stock) = (text(&variant["sku"])?, variant["stock"].as_i64()?);
            lines.push(format!("{title:<30} {sku:<10} {stock:>3} left"));
        }
    }
    Some(lines)
}

/// The number of orders, then each one on the first page.
fn waiting_orders(result: &Value) -> Option<Vec<String>> {
    let page = &result["structuredContent"];
    let mut lines = vec![format!("{} orders", page["total"].as_u64()?)];
    for order in page["orders"].as_array()? {
        let (number, who) = (text(&order["number"])?, text(&order["customer"]["name"])?);
        lines.push(format!(
            "{number:<10} {who:<20} {:>8}",
            counted(order["itemCount"].as_i64()?, "piece")
        ));
    }
    Some(lines)
}

/// The number of invoices, then each one on the first page with the amount due.
fn open_invoices(result: &Value) -> Option<Vec<String>> {
    let list = &result["structuredContent"];
    let mut lines = vec![format!("{} invoices", list["meta"]["total"].as_u64()?)];
    for invoice in list["data"].as_array()? {
        let (number, currency) = (text(&invoice["number"])?, text(&invoice["currency"])?);
        let (due, left) = (text(&invoice["due_date"])?, invoice["amount_remaining"].as_i64()?);
        let currency = currency.to_uppercase();
        let amount = format!("{}.{:02}", left / 100, left % 100);
        lines.push(format!("{number:<12} due {due} {amount:>9} {currency}"));
    }
    Some(lines)
}

fn text(value: &Value) -> Option<String> {
    Some(readable::text(value.as_str()?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answered(product: ProductName, result: Value) -> Option<Vec<String>> {
        (DemoQuestion::to(product).answer)(&json!({ "structuredContent": result }))
    }

    #[test]
    fn every_question_is_a_call_with_an_object() {
        for product in ProductName::ALL {
            let question = DemoQuestion::to(product);
            let arguments: Value = serde_json::from_str(question.arguments).unwrap();
            assert!(arguments.is_object() && question.words.ends_with('?'), "{}", question.tool);
        }
    }

    #[test]
    fn an_answer_is_a_count_and_a_line_for_each() {
        let low = json!({ "items": [{ "title": "Shirt", "lowVariants": [
            { "title": "red", "sku": "RED1", "stock": 3 },
        ] }] });
        assert_eq!(answered(ProductName::Egrow, low).unwrap(), {
            ["1 products", "Shirt, red                     RED1         3 left"]
        });
        let orders = json!({ "total": 9, "orders": [
            { "number": "#1", "customer": { "name": "Ana" }, "itemCount": 1 },
        ] });
        assert_eq!(answered(ProductName::LaunchMyStore, orders).unwrap(), {
            ["9 orders", "#1         Ana                   1 piece"]
        });
        let invoices = json!({ "meta": { "total": 1 }, "data": [{
            "number": "I-1", "currency": "eur", "due_date": "2026-01-01",
            "amount_remaining": 1205,
        }] });
        assert_eq!(answered(ProductName::Pelcro, invoices).unwrap(), {
            ["1 invoices", "I-1          due 2026-01-01     12.05 EUR"]
        });
        assert_eq!(answered(ProductName::Lab, json!({ "sum": 42 })).unwrap(), ["42"]);
    }

    #[test]
    fn an_unexpected_answer_is_none() {
        for (product, result) in [
            (ProductName::Egrow, json!({ "items": 7 })),
            (ProductName::Egrow, json!({ "items": [{ "title": "a" }] })),
            (ProductName::LaunchMyStore, json!({ "orders": [] })),
            (ProductName::LaunchMyStore, json!({ "total": 1, "orders": [{}] })),
            (ProductName::Pelcro, json!({ "meta": {}, "data": [] })),
            (ProductName::Pelcro, json!({ "meta": { "total": 1 }, "data": [{ "number": 1 }] })),
        ] {
            assert_eq!(answered(product, result.clone()), None, "{result}");
        }
        let conformance = DemoQuestion::to(ProductName::Conformance);
        assert_eq!((conformance.answer)(&json!({ "content": [] })), None);
        let said = json!({ "content": [{ "text": "a\u{1b}[31m" }] });
        assert!(!(conformance.answer)(&said).unwrap()[0].contains('\u{1b}'));
    }
}
