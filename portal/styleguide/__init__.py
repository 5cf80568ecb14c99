"""Each component in every state, at /styleguide/ of a development server."""
