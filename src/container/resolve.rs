//! From a request, an image and the settings to a `ContainerConfig`.
