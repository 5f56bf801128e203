"""Models behind the interfaces of other libraries; models out of archives."""
