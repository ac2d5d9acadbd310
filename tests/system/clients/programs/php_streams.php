<?php
require __DIR__ . "/conversation.php";

converse(function (string $url, array $headers, ?string $body): array {
    $about = ["header" => $headers, "method" => $body === null ? "GET" : "POST", "ignore_errors" => true];
    $about += $body === null ? [] : ["content" => $body];
    $text = file_get_contents($url, false, stream_context_create(["http" => $about]));
    if ($text === false) {
        throw new Exception("no answer");
    }
    return [(int) explode(" ", $http_response_header[0])[1], $text];
});
