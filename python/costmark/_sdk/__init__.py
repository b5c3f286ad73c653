"""The SDKs whose clients are wrapped, as far as they differ. `base` finds the right one."""
