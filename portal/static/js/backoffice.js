// htmx would write a style sheet into the page; the back office has its own, and a policy that stops others.
htmx.config.includeIndicatorStyles = false;
