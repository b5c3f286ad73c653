"""What AWS bills, and how it tells: rates, tags, Cost Explorer, CloudWatch, price list, exports.

It charges the emulator's own usage records by rates of its own. Nothing here is shared with what
reads bills elsewhere in the package.
"""
