"""The versioned JSON documents: plan, report and receipt. Each object has its writer and its reader side by side. No effects."""
