// The features that a host can try on a product of `mcp-tether mock`: every read-only tool, and one change for
// each domain, with the arguments that the descriptions of the tools show.

/** @param {{tools: number, sessions: boolean, writes: string[]}} of how many tools there are, whether
 *   it has sessions to end with DELETE, and which tools make the changes */
function product({ tools, sessions, writes }) {
  return {
    sessions,
    everyTool: { tools, writes },
    // Irreversible changes are confirmed by the host's user.
    confirmation: { confirm: true },
    unknownTool: { name: 'no-such-tool', mentions: 'no-such-tool' },
  };
}

export const egrow = product({
  tools: 40,
  sessions: true,
  writes: ['merge_orders', 'create_customer', 'update_product', 'graphql_mutation'],
});

export const launchmystore = product({
  tools: 63,
  sessions: false,
  writes: [
    'create_product',
    'create_order',
    'create_category',
    'create_customer',
    'create_coupon',
    'create_blog_post',
    'update_theme_settings',
    'create_menu',
    'update_store_settings',
  ],
});

export const pelcro = product({
  tools: 101,
  sessions: true,
  writes: [
    'create_address',
    'create_bill',
    'create_offline_charge',
    'create_coupon',
    'create_customer',
    'create_order',
    'create_ecommerce_product',
    'create_ecommerce_sku',
    'request_export',
    'create_invoice',
    'create_membership',
    'create_newsletter',
    'create_payment_method',
    'cancel_refunds',
    'create_plan',
    'create_product',
    'create_subscription',
    'create_vendor',
    'create_webhook',
  ],
});
