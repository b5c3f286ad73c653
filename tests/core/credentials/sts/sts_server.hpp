// What STS says, for tests.
#pragma once

#include <string>
#include <string_view>

#include "credentials/playback_transport.hpp"

namespace costmark::sts {

inline std::string granted(std::string_view action, std::string_view id,
                           std::string_view expiration = "2999-01-01T00:00:00Z") {
  std::string text =
      "<?xml version=\"1.0\"?>\n<ACTIONResponse xmlns=\"https://sts.amazonaws.com/"
      "doc/2011-06-15/\">\n  <ACTIONResult>\n    <AssumedRoleUser>\n      "
      "<AssumedRoleId>AROA:session</AssumedRoleId>\n      <Arn>arn:aws:sts::"
      "444455556666:assumed-role/r/session</Arn>\n    </AssumedRoleUser>\n    "
      "<Credentials>\n      <AccessKeyId>ID</AccessKeyId>\n      <SecretAccessKey>"
      "CANARY/secret+of=ID</SecretAccessKey>\n      <SessionToken>CANARY-token-ID"
      "</SessionToken>\n      <Expiration>EXPIRATION</Expiration>\n    "
      "</Credentials>\n    <PackedPolicySize>6</PackedPolicySize>\n  "
      "</ACTIONResult>\n  <ResponseMetadata>\n    <RequestId>c6104cbe</RequestId>\n"
      "  </ResponseMetadata>\n</ACTIONResponse>\n";
  const auto replace = [&](std::string_view word, std::string_view by) {
    for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at)) {
      text.replace(at, word.size(), by);
      at += by.size();
    }
  };
  replace("EXPIRATION", expiration);
  replace("ACTION", action);
  replace("ID<", std::string(id) + "<");
  return text;
}

inline std::string refused(std::string_view code, std::string_view message = "CANARY message") {
  return "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <Error>\n    "
         "<Type>Sender</Type>\n    <Code>" +
         std::string(code) + "</Code>\n    <Message>" + std::string(message) +
         "</Message>\n  </Error>\n  <RequestId>c6104cbe-af31</RequestId>\n</ErrorResponse>\n";
}

}  // namespace costmark::sts
