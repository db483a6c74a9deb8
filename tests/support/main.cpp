// Every C++ test's main().

#include <gtest/gtest.h>

#include <cstdlib>

/// Without the machine's own roots: there are 140 on one and none on another, no test is about
/// them, and decoding them is nine tenths of what building a small configuration costs. Processes
/// that tests start inherit this.
int main(int argc, char** argv) {
  if (::setenv("SSL_CERT_FILE", "/dev/null", 1) != 0 ||
      ::setenv("SSL_CERT_DIR", "/dev/null", 1) != 0) {
    return EXIT_FAILURE;
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
