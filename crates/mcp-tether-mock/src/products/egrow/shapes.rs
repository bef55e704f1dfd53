//! The result types of tools, as plain tables; `types` explains their meaning.

use super::types::Is::{Data, Flag, Many, One, Text, Texts, Whole};
use super::types::{Type, has, link, or_null, sometimes};
use super::views::{
    category_in_full, customer_in_full, pipeline_in_full, product_in_full, variant_in_full,
};

/// Defines a value type without an id, which is always shown in full.
macro_rules! value {
    ($name:literal, $about:literal, $members:expr $(,)?) => {
        Type { name: $name, about: $about, brief: $members, more: &[], find: None }
    };
}

// Orders

pub(super) static ORDER: Type = Type {
    name: "Order",
    about: "An order with everything in it. Amounts are in minor units.",
    brief: &[
        has("id", Text),
        has("number", Text),
        or_null("customer", One(&CUSTOMER)),
        has("city", Text),
        has("stage", Text),
        has("confirmation", Text),
        has("fulfillment", Text),
        has("financialStatus", Text),
        has("total", Whole),
        has("currency", Text),
        has("lineCount", Whole),
        has("createdAt", Text),
    ],
    more: &[
        has("storeOrderId", Text),
        or_null("trackingNumber", Text),
        has("pipelineId", Text),
        has("stageId", Text),
        link("pipeline", &PIPELINE, "pipelineId"),
        has("lines", Many(&LINE)),
        has("shippingFee", Whole),
        has("discount", Whole),
        has("payments", Many(&PAYMENT)),
        has("refunds", Many(&REFUND)),
        has("shippingAddress", One(&ADDRESS)),
        or_null("billingAddress", One(&ADDRESS)),
        or_null("courier", Text),
        has("deliveryAttempts", Many(&DELIVERY_ATTEMPT)),
        or_null("confirmationAgent", Text),
        or_null("shippingAgent", Text),
        has("notes", Text),
        has("customAttributes", Data),
        or_null("utm", One(&UTM)),
        or_null("mergedInto", Text),
        has("updatedAt", Text),
        has("history", Many(&CHANGE)),
        has("subtotal", Whole),
        has("paidAmount", Whole),
        has("refundedAmount", Whole),
        has("balanceDue", Whole),
    ],
    find: Some(|desk, id| desk.order(id).ok().map(|order| desk.order_in_full(order))),
};

static LINE: Type = value!(
    "Line",
    "So many of one variant, at the price of that day",
    &[
        has("id", Text),
        has("productId", Text),
        link("product", &PRODUCT, "productId"),
        has("variantId", Text),
        link("variant", &VARIANT, "variantId"),
        has("sku", Text),
        has("title", Text),
        has("quantity", Whole),
        has("unitPrice", Whole),
        has("refundedQuantity", Whole),
        has("restockedQuantity", Whole),
    ],
);

static PAYMENT: Type = value!(
    "Payment",
    "Money that came in",
    &[has("id", Text), has("method", Text), has("amount", Whole), has("paidAt", Text)],
);

static REFUND: Type = value!(
    "Refund",
    "Money that went back",
    &[
        has("id", Text),
        has("amount", Whole),
        has("reason", Text),
        has("lineIds", Texts),
        has("at", Text),
    ],
);

static ADDRESS: Type = value!(
    "Address",
    "Where something is sent or billed to",
    &[
        has("id", Text),
        has("kind", Text),
        has("name", Text),
        has("phone", Text),
        has("line1", Text),
        has("city", Text),
        has("postalCode", Text),
        has("country", Text),
        has("isDefault", Flag),
    ],
);

static DELIVERY_ATTEMPT: Type = value!(
    "DeliveryAttempt",
    "A courier at the door",
    &[has("at", Text), has("outcome", Text), or_null("reason", Text)],
);

static UTM: Type = value!(
    "Utm",
    "The advertisement that an order came from",
    &[has("source", Text), has("medium", Text), has("campaign", Text)],
);

static CHANGE: Type = value!(
    "Change",
    "Something that was done to an order",
    &[has("at", Text), has("by", Text), has("what", Text)],
);

pub(super) static DUPLICATE_ORDERS: Type = value!(
    "DuplicateOrders",
    "Orders that look like the same order placed twice",
    &[has("reason", Text), has("suggestedPrimary", Text), has("orders", Many(&ORDER))],
);

pub(super) static CONFIRMATION_STATS: Type = value!(
    "ConfirmationStats",
    "How many orders customers stand by",
    &[
        has("total", Whole),
        has("pending", Whole),
        has("confirmed", Whole),
        has("cancelled", Whole),
        or_null("confirmationRate", Text),
    ],
);

pub(super) static ORDER_STATS: Type = value!(
    "OrderStats",
    "Counts and sums of orders; what was cancelled brings nothing",
    &[
        has("orders", Whole),
        has("cancelledOrders", Whole),
        has("deliveredOrders", Whole),
        has("totalAmount", Whole),
        has("paidAmount", Whole),
        has("pendingAmount", Whole),
        has("refundedAmount", Whole),
        has("averageAmount", Whole),
        has("currency", Text),
        sometimes("name", Text),
        sometimes("groups", Data),
    ],
);

pub(super) static MOVED: Type = value!(
    "MovedOrders",
    "What a move from one stage to another did",
    &[
        has("fromStage", Text),
        has("toStage", Text),
        has("dryRun", Flag),
        has("count", Whole),
        has("orders", Texts),
        has("skipped", Data),
    ],
);

pub(super) static CHANGED_LINES: Type = value!(
    "ChangedLines",
    "What was removed or refunded",
    &[has("operation", Text), has("items", Text), has("amount", Whole), has("order", One(&ORDER))],
);

pub(super) static MERGED_ORDERS: Type = value!(
    "MergedOrders",
    "The order that stays and those that went",
    &[has("merged", Texts), has("order", One(&ORDER))],
);

// Customers

pub(super) static CUSTOMER: Type = Type {
    name: "Customer",
    about: "Somebody who orders. Amounts are in minor units.",
    brief: &[
        has("id", Text),
        has("name", Text),
        has("phone", Text),
        or_null("email", Text),
        has("city", Text),
        has("blacklisted", Flag),
        has("orderCount", Whole),
        has("totalSpent", Whole),
        has("currency", Text),
        has("createdAt", Text),
    ],
    more: &[
        has("addresses", Many(&ADDRESS)),
        has("groups", Many(&GROUP)),
        has("marketingOptIn", Flag),
        or_null("blacklistReason", Text),
        has("flaggedDuplicates", Texts),
        has("lastOrders", Many(&ORDER)),
        sometimes("risk", One(&RISK)),
    ],
    find: Some(|desk, id| desk.customer(id).ok().map(|found| customer_in_full(desk, found))),
};

static GROUP: Type =
    value!("Group", "A set of customers with a name", &[has("id", Text), has("name", Text)]);

static RISK: Type = value!(
    "Risk",
    "How reliable a customer was so far",
    &[
        has("level", Text),
        has("orders", Whole),
        has("returned", Whole),
        has("cancelled", Whole),
        has("refunded", Whole),
    ],
);

pub(super) static DUPLICATE_CUSTOMERS: Type = value!(
    "DuplicateCustomers",
    "Customers that look like the same person",
    &[has("reason", Text), has("suggestedPrimary", Text), has("customers", Many(&CUSTOMER))],
);

pub(super) static GROUP_ADDED: Type = value!(
    "GroupAdded",
    "Who came into a group",
    &[
        has("group", One(&GROUP)),
        has("added", Whole),
        has("alreadyIn", Whole),
        has("members", Whole),
    ],
);

pub(super) static BLACKLISTED: Type = value!(
    "Blacklisted",
    "Whose place on the blacklist changed",
    &[has("changed", Whole), has("customers", Many(&CUSTOMER))],
);

pub(super) static FLAGGED: Type =
    value!("Flagged", "Who was marked as the same person", &[has("flagged", Texts)]);

pub(super) static MERGED_CUSTOMERS: Type = value!(
    "MergedCustomers",
    "The customer that stays and those that went",
    &[has("merged", Texts), has("movedOrders", Whole), has("customer", One(&CUSTOMER))],
);

// Products

pub(super) static PRODUCT: Type = Type {
    name: "Product",
    about: "Something that is sold. Prices are in minor units.",
    brief: &[
        has("id", Text),
        has("title", Text),
        has("status", Text),
        has("category", One(&CATEGORY)),
        or_null("priceFrom", Whole),
        or_null("priceTo", Whole),
        has("currency", Text),
        has("totalStock", Whole),
        has("variantCount", Whole),
        sometimes("lowVariants", Many(&LOW_VARIANT)),
    ],
    more: &[
        has("description", Text),
        has("options", Many(&OPTION)),
        has("variants", Many(&VARIANT)),
        has("media", Texts),
        has("createdAt", Text),
    ],
    find: Some(|desk, id| desk.product(id).ok().map(|found| product_in_full(desk, found))),
};

static LOW_VARIANT: Type = value!(
    "LowVariant",
    "A variant of which few are left",
    &[has("sku", Text), has("title", Text), has("stock", Whole)],
);

static OPTION: Type = value!(
    "ProductOption",
    "Something that variants differ in",
    &[has("name", Text), has("values", Texts)],
);

pub(super) static VARIANT: Type = Type {
    name: "Variant",
    about: "One form of a product",
    brief: &[
        has("id", Text),
        has("sku", Text),
        has("title", Text),
        has("options", Data),
        has("price", Whole),
        has("stock", Whole),
        has("currency", Text),
        has("product", One(&PRODUCT)),
    ],
    more: &[],
    find: Some(|desk, id| desk.variant(id).ok().map(|(of, found)| variant_in_full(of, found))),
};

pub(super) static CATEGORY: Type = Type {
    name: "Category",
    about: "A branch of the catalogue",
    brief: &[has("id", Text), has("name", Text), has("productCount", Whole)],
    more: &[],
    find: Some(|desk, id| desk.category(id).ok().map(|found| category_in_full(desk, found))),
};

// Pipelines

pub(super) static PIPELINE: Type = Type {
    name: "Pipeline",
    about: "A way of orders, step by step",
    brief: &[
        has("id", Text),
        has("name", Text),
        has("orderCount", Whole),
        has("stages", Many(&STAGE)),
    ],
    more: &[],
    find: Some(|desk, id| desk.pipeline(id).ok().map(|found| pipeline_in_full(desk, found))),
};

static STAGE: Type = value!(
    "Stage",
    "A step of a pipeline and what stands there",
    &[
        has("id", Text),
        has("name", Text),
        has("position", Whole),
        has("confirmation", Text),
        has("fulfillment", Text),
        has("orderCount", Whole),
        has("totalAmount", Whole),
    ],
);

// Analytics

pub(super) static REPORT: Type = value!(
    "Report",
    "Figures of a span of days, in total and in rows; amounts are in minor units",
    &[
        has("report", Text),
        has("from", Text),
        has("to", Text),
        has("currency", Text),
        has("totals", Data),
        sometimes("previous", Data),
        has("rows", Data),
    ],
);

pub(super) static WIDGET: Type = value!(
    "Widget",
    "What a widget of the dashboard shows; amounts are in minor units",
    &[
        has("widget", Text),
        has("from", Text),
        has("to", Text),
        has("currency", Text),
        has("data", Data),
    ],
);

// Discovery

pub(super) static CAPABILITIES: Type = value!(
    "Capabilities",
    "The tools with their guides",
    &[has("domains", Many(&DOMAIN)), has("total", Whole), has("tools", Many(&GUIDE))],
);

static DOMAIN: Type =
    value!("Domain", "A part of the product", &[has("name", Text), has("tools", Whole)]);

static GUIDE: Type = value!(
    "Guide",
    "When to use a tool and how",
    &[
        has("name", Text),
        has("title", Text),
        has("domain", Text),
        has("class", Text),
        has("description", Text),
        has("whenToUse", Text),
        has("whenNotToUse", Text),
        has("example", Data),
    ],
);

pub(super) static WORKFLOW: Type = value!(
    "Workflow",
    "A playbook",
    &[has("name", Text), has("title", Text), has("goal", Text), has("steps", Many(&STEP))],
);

static STEP: Type = value!(
    "Step",
    "A step of a playbook",
    &[has("step", Whole), or_null("tool", Text), has("do", Text)],
);

pub(super) static HEALTH: Type = value!(
    "Health",
    "How the service is",
    &[
        has("status", Text),
        has("version", Text),
        has("data", Data),
        has("graphql", Data),
        has("toolCount", Whole),
    ],
);

pub(super) static IDENTITY: Type = value!(
    "Identity",
    "Who calls, for which account, with which rights",
    &[has("user", Data), has("account", Data), has("permissions", Texts), has("credential", Text)],
);

// Escape hatch

pub(super) static GRAPHQL_SCHEMA: Type = value!(
    "GraphqlSchema",
    "The schema, or one type of it, in the schema language",
    &[has("sdl", Text), has("types", Texts)],
);

pub(super) static GRAPHQL_RESULT: Type =
    value!("GraphqlResult", "What an operation gave", &[has("data", Data)]);

pub(super) static AUDIT: Type = value!(
    "AuditEntry",
    "A call that changed something",
    &[
        has("id", Text),
        has("at", Text),
        has("tool", Text),
        has("credential", Text),
        has("arguments", Data),
    ],
);
