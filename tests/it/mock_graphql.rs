//! The escape hatch of the order desk: GraphQL over the same data, bounded, confirmed, audited.

use serde_json::{Value, json};

use crate::mock_egrow::{bad, confirmed, desk, good};
use crate::raw_host::RawHost;

async fn query(host: &RawHost, text: &str) -> Value {
    good(host, "graphql_query", json!({ "query": text })).await["data"].clone()
}

async fn refused(host: &RawHost, tool: &str, text: &str) -> Value {
    bad(host, tool, json!({ "query": text })).await
}

/// The first query that tools for GraphQL send to a server.
const INTROSPECTION: &str = "query IntrospectionQuery { __schema { queryType { name } \
    mutationType { name } subscriptionType { name } types { ...FullType } \
    directives { name description locations args { ...InputValue } } } } \
    fragment FullType on __Type { kind name description \
    fields(includeDeprecated: true) { name description args { ...InputValue } type { ...TypeRef } \
    isDeprecated deprecationReason } inputFields { ...InputValue } interfaces { ...TypeRef } \
    enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } \
    possibleTypes { ...TypeRef } } \
    fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue } \
    fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind \
    name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } \
    }";

#[tokio::test]
async fn the_schema_can_be_read_as_text_by_type_and_by_introspection() {
    let host = desk().await;
    let whole = good(&host, "graphql_schema", json!({})).await;
    let sdl = whole["sdl"].as_str().unwrap();
    assert!(sdl.contains("type Order {") && sdl.contains("type Mutation {"));
    let order = good(&host, "graphql_schema", json!({ "type": "Order" })).await;
    let order = order["sdl"].as_str().unwrap();
    assert!(order.starts_with("type Order {") && order.trim_end().ends_with('}'), "{order}");
    assert!(order.contains("customer: Customer\n") && !order.contains("type Customer"));
    let unknown = bad(&host, "graphql_schema", json!({ "type": "Ordre" })).await;
    assert_eq!(unknown["code"], "not_found");
    assert!(unknown["hint"].as_str().unwrap().contains("Order"));

    let schema = query(&host, INTROSPECTION).await["__schema"].clone();
    let types = schema["types"].as_array().unwrap();
    let query = types.iter().find(|of| of["name"] == "Query").unwrap();
    let fields: Vec<_> =
        query["fields"].as_array().unwrap().iter().map(|f| f["name"].as_str().unwrap()).collect();
    for name in ["order", "orders", "customers", "pipelines", "dashboard", "auditEntries"] {
        assert!(fields.contains(&name), "{name} is missing in {fields:?}");
    }
}

#[tokio::test]
async fn objects_link_to_each_other_and_match_the_tools() {
    let host = desk().await;
    let given = query(
        &host,
        "{ order(order: \"EGW100\") { number total customer { name email groups { name } \
           lastOrders { number customer { id } } } \
           lines { sku variant { stock product { title category { name productCount } } } } } }",
    )
    .await["order"]
        .clone();
    let order = good(&host, "get_order", json!({ "order": "EGW100" })).await;
    assert_eq!((&given["number"], &given["total"]), (&order["number"], &order["total"]));
    let customer = json!({ "customer": order["customer"]["id"] });
    let customer = good(&host, "get_customer", customer).await;
    assert_eq!(given["customer"]["email"], customer["email"]);
    let last = |orders: &Value| -> Vec<Value> {
        orders.as_array().unwrap().iter().map(|order| order["number"].clone()).collect()
    };
    assert_eq!(last(&given["customer"]["lastOrders"]), last(&customer["lastOrders"]));
    let back = &given["customer"]["lastOrders"][0]["customer"]["id"];
    assert_eq!(*back, customer["id"]);
    let speaker = &given["lines"][0];
    let variant = good(&host, "get_variant", json!({ "variant": speaker["sku"] })).await;
    assert_eq!(speaker["variant"]["stock"], variant["stock"]);
    assert_eq!(speaker["variant"]["product"]["category"]["name"], "Audio");
}

#[tokio::test]
async fn queries_take_variables_fragments_aliases_and_operation_names() {
    let host = desk().await;
    let document = "query Two($stage: String!, $size: Int) { a: orders(stage: $stage, perPage: \
        $size) { ...P } b: orders(perPage: 1) { ...P } } query Other { pipelines { total } } \
        fragment P on OrderPage { total hasMore items { number stage } }";
    let asked = json!({
        "query": document, "operationName": "Two", "variables": { "stage": "Pending", "size": 3 },
    });
    let given = good(&host, "graphql_query", asked).await["data"].clone();
    let found = good(&host, "find_orders", json!({ "stage": "Pending", "perPage": 3 })).await;
    assert_eq!(given["a"]["total"], found["total"]);
    assert_eq!(given["a"]["items"].as_array().unwrap().len(), 3);
    assert_eq!(given["b"]["items"].as_array().unwrap().len(), 1);
    let stats = query(&host, "{ orderStats(from: \"yesterday\") { orders totalAmount } }").await;
    let told = good(&host, "get_order_stats", json!({ "from": "yesterday" })).await;
    assert_eq!(stats["orderStats"]["totalAmount"], told["totalAmount"]);
}

#[tokio::test]
async fn errors_have_the_format_of_the_product() {
    let host = desk().await;
    for (text, told) in [
        ("{ order(", "1:"),
        ("{ ordre { id } }", "Unknown field \"ordre\""),
        ("{ order(order: \"EGW100\") }", "selection of subfields"),
        ("query ($a: String!) { order(order: $a) { id } }", "a"),
        ("{ order(order: \"EGW9999\") { id } }", "no order `EGW9999`"),
        ("{ orders(perPage: 500) { total } }", "500 is greater than the maximum of 100"),
        ("{ orders(sort: upwards) { total } }", "upwards"),
        ("subscription { orders { id } }", "does not run a subscription"),
        (
            "mutation { createCustomer(name: \"X\", phone: \"+212600000001\") { id } }",
            "does not run",
        ),
    ] {
        let error = refused(&host, "graphql_query", text).await;
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(told), "{text}: {message}");
    }
    let error = refused(&host, "graphql_mutation", "{ pipelines { total } }").await;
    assert!(error["hint"].as_str().unwrap().contains("graphql_query"));
}

#[tokio::test]
async fn a_document_can_be_neither_too_deep_nor_too_wide_nor_reach_too_much() {
    let host = desk().await;
    let deep = "customer { lastOrders { ".repeat(12) + "id" + &" } }".repeat(12);
    let deep = format!("{{ order(order: \"EGW100\") {{ {deep} }} }}");
    assert_eq!(refused(&host, "graphql_query", &deep).await["code"], "graphql_error");
    let wide: String =
        (0..400).map(|n| format!("a{n}: order(order: \"EGW100\") {{ id }} ")).collect();
    let error = refused(&host, "graphql_query", &format!("{{ {wide} }}")).await;
    assert!(error["message"].as_str().unwrap().contains("complex"), "{error}");
    let all = "customer { lastOrders { ".repeat(5) + "id number total" + &" } }".repeat(5);
    let all = format!("{{ orders(perPage: 100) {{ items {{ {all} }} }} }}");
    let error = refused(&host, "graphql_query", &all).await;
    assert!(error["message"].as_str().unwrap().contains("touches more than"), "{error}");
    assert!(error["hint"].as_str().unwrap().contains("smaller pages"), "{error}");
    let long = format!("{{ {} }}", " ".repeat(20_000));
    assert_eq!(refused(&host, "graphql_query", &long).await["code"], "invalid_arguments");
}

#[tokio::test]
async fn a_mutation_is_confirmed_done_as_a_whole_and_audited() {
    let host = desk().await;
    let text = "mutation Onboard($phone: String!) { \
        createCustomer(name: \"Sara Bensaid\", phone: $phone, city: \"Casablanca\") { id name } \
        addCustomersToGroup(customers: [$phone], group: \"VIP\") { added members } }";
    let asked = json!({ "query": text, "variables": { "phone": "+212600112233" } });
    let demand = good(&host, "graphql_mutation", asked.clone()).await;
    let summary = demand["confirmation"]["summary"].as_str().unwrap();
    assert!(summary.contains("createCustomer, addCustomersToGroup"), "{summary}");
    let nobody = good(&host, "find_customers", json!({ "query": "Sara Bensaid" })).await;
    assert_eq!(nobody["total"], 0, "nothing happened yet");
    let done = confirmed(&host, "graphql_mutation", asked).await;
    assert_eq!(done["data"]["addCustomersToGroup"]["added"], 1);
    let found = good(&host, "find_customers", json!({ "query": "Sara Bensaid" })).await;
    assert_eq!(found["total"], 1);

    // The second half cannot be done, so the first is not done either.
    let text = "mutation { updateCustomer(customer: \"+212600112233\", name: \"Other\") { id } \
        updateOrder(order: \"EGW100\", stage: \"Pending\") { id } }";
    let error = refused(&host, "graphql_mutation", text).await;
    assert!(error["message"].as_str().unwrap().contains("cannot become Pending"), "{error}");
    let sara = good(&host, "get_customer", json!({ "customer": "+212600112233" })).await;
    assert_eq!(sara["name"], "Sara Bensaid");

    good(&host, "update_customer", json!({ "customer": "+212600112233", "email": "s@b.example" }))
        .await;
    let log = query(&host, "{ auditEntries { total items { tool credential arguments } } }").await;
    let tools: Vec<_> = log["auditEntries"]["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["tool"].as_str().unwrap())
        .collect();
    assert_eq!(tools, ["update_customer", "graphql_mutation"]);
    let noted = &log["auditEntries"]["items"][1]["arguments"];
    assert_eq!(noted["variables"]["phone"], "+212600112233");
    assert_eq!(noted["confirmToken"], Value::Null, "tokens are nobody's business");
}

#[tokio::test]
async fn graphql_is_limited_to_twenty_calls_a_minute_and_blocks_no_other_tool() {
    let host = desk().await;
    for _ in 0..20 {
        query(&host, "{ __typename }").await;
    }
    let error = refused(&host, "graphql_query", "{ __typename }").await;
    assert_eq!((&error["code"], &error["retry_safe"]), (&json!("rate_limited"), &json!(true)));
    assert!(error["message"].as_str().unwrap().contains("20 escape-hatch calls"), "{error}");
    good(&host, "graphql_schema", json!({})).await;
    let health = good(&host, "health_check", json!({})).await;
    assert_eq!(health["graphql"]["reachable"], true);
}
