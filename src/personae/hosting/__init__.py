"""Running the service: settings, and the only place where its parts are chosen and joined."""
