# docker buildx bake            the image for this machine, compiled from this checkout
# docker buildx bake release    the images of a release, from the programs in dist/binaries/OS-ARCH
variable "VERSION" {
  default = ""
}

group "default" {
  targets = ["image"]
}

target "image" {
  context = "."
  tags    = ["sandlint/sandlint:dev"]
}

target "release" {
  inherits  = ["image"]
  target    = "release"
  platforms = ["linux/amd64", "linux/arm64"]
  contexts = {
    binaries = "dist/binaries"
  }
  tags = VERSION == "" ? [] : ["sandlint/sandlint:${trimprefix(VERSION, "v")}", "sandlint/sandlint:latest"]
  labels = {
    "org.opencontainers.image.version" = trimprefix(VERSION, "v")
  }
}
