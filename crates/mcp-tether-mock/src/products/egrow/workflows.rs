//! Playbooks for tasks that need several tools.

use serde_json::{Value, json};

/// A playbook.
pub(super) struct Workflow {
    pub(super) name: &'static str,
    title: &'static str,
    goal: &'static str,
    /// The steps: a tool, or an empty text where a person decides, and an instruction.
    steps: &'static [(&'static str, &'static str)],
}

impl Workflow {
    pub(super) fn to_json(&self) -> Value {
        let steps: Vec<_> = self
            .steps
            .iter()
            .enumerate()
            .map(|(position, (tool, what))| {
                json!({
                    "step": position + 1,
                    "tool": (!tool.is_empty()).then_some(tool),
                    "do": what,
                })
            })
            .collect();
        json!({ "name": self.name, "title": self.title, "goal": self.goal, "steps": steps })
    }
}

pub(super) const WORKFLOWS: [Workflow; 7] = [
    Workflow {
        name: "order_confirmation",
        title: "Confirm pending orders",
        goal: "orders that customers stand by are confirmed, the others are cancelled",
        steps: &[
            ("find_orders", "list the orders in stage Pending of the days in question"),
            ("get_customer", "look at the risk profile of each customer"),
            ("", "ask which orders to confirm; show number, customer and total of each"),
            ("update_order", "set the stage to Confirmed or Cancelled, one order at a time"),
            ("get_confirmation_stats", "report what changed"),
        ],
    },
    Workflow {
        name: "order_refund",
        title: "Refund an item",
        goal: "the customer gets the money for what was wrong, and no more",
        steps: &[
            ("get_order", "find the line of the item and what was paid for it"),
            ("", "say how much will go back, and for which line"),
            ("modify_line_items", "refund that line; confirm when asked"),
            ("get_order", "check the refund and the new financial status"),
        ],
    },
    Workflow {
        name: "order_cancel",
        title: "Cancel an order",
        goal: "an order that was not sent is stopped and its goods are back on the shelf",
        steps: &[
            (
                "get_order",
                "make sure that it was not sent; a parcel on its way is returned instead",
            ),
            ("modify_line_items", "if it was paid, refund its lines first"),
            ("update_order", "set the stage to Cancelled and note why"),
        ],
    },
    Workflow {
        name: "exchange",
        title: "Exchange an item",
        goal: "the customer gets another variant in the place of the one ordered",
        steps: &[
            ("get_order", "find the line and see whether the order was sent"),
            ("find_variants", "find the wanted variant and see whether it is in stock"),
            ("modify_order", "not sent yet: swap the variant of the line"),
            ("modify_line_items", "sent already: refund the line"),
            ("create_order", "sent already: order the other variant anew"),
        ],
    },
    Workflow {
        name: "customer_merge",
        title: "Merge two profiles",
        goal: "one person is one customer, with all orders and addresses",
        steps: &[
            ("find_duplicate_customers", "find the candidates, or take the two that were named"),
            ("get_customer", "compare them; the one with more orders is the better primary"),
            ("flag_customers_as_duplicate", "not sure: flag them and stop here"),
            ("merge_customers", "sure: merge; confirm when asked"),
        ],
    },
    Workflow {
        name: "customer_onboard",
        title: "Onboard a customer",
        goal: "a new customer is known once, with phone, address and consent",
        steps: &[
            ("find_customers", "search the phone number and the name: do not make a duplicate"),
            ("create_customer", "create the profile with phone, city and marketing consent"),
            ("modify_customer_address", "add a billing address if there is another"),
            ("add_customers_to_group", "put them into the groups that were named"),
        ],
    },
    Workflow {
        name: "diagnose_failed_delivery",
        title: "Find out why a parcel did not arrive",
        goal: "the reason is known and the next step is proposed",
        steps: &[
            ("get_order", "read delivery attempts, courier, address and history"),
            ("get_customer", "check phone, addresses and risk profile"),
            ("", "say what happened at each attempt and propose the next step"),
            ("update_order", "correct the address or the notes if that was the cause"),
        ],
    },
];
