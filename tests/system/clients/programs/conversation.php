<?php
// The conversation, for any client of PHP: $send takes address, headers and body, and returns status and text.
function converse(callable $send): void
{
    $token = "";
    $ask = function (int $expected, string $path, ?string $body = null) use ($send, &$token): array {
        $headers = array_merge(
            $token === "" ? [] : ["token: $token"],
            $body === null ? [] : ["Content-Type: application/json"]
        );
        [$status, $text] = $send(getenv("CASAVI_URL") . $path, $headers, $body);
        if ($status !== $expected) {
            throw new Exception("$path: $status $text");
        }
        return json_decode($text, true, 512, JSON_THROW_ON_ERROR);
    };
    $imported = function (string $file, string $end) use ($ask): void {
        $job = $ask(202, "/import", file_get_contents($file))["jobId"];
        for ($poll = 0; $ask(200, "/jobs/$job")["status"] !== $end; $poll++) {
            if ($poll > 20) {
                throw new Exception("the job does not end");
            }
        }
    };
    $token = $ask(200, "/authenticate", file_get_contents("log-in.json"))["token"];
    $imported("umlauts.json", "completed");
    foreach (explode("\n", file_get_contents("ids.txt")) as $id) {
        $contact = $ask(200, "/contacts/" . rawurlencode($id));
        if ($contact["id"] !== $id) {
            throw new Exception("{$contact['id']} is not $id");
        }
    }
    $token = $ask(200, "/refresh", str_replace("OLD-TOKEN", $token, file_get_contents("refresh.json")))["token"];
    $imported("refused.json", "completed");
    $imported("hundred.json", "completed");
}
