# frozen_string_literal: true

require "erb"
require "json"
require "net/http"

uri = URI(ENV.fetch("CASAVI_URL"))
Net::HTTP.start(uri.host, uri.port, nil) do |http|
  token = nil
  ask = lambda do |expected, path, body = nil|
    request = (body ? Net::HTTP::Post : Net::HTTP::Get).new(path)
    request["token"] = token if token
    request.content_type = "application/json" if body
    request.body = body
    answer = http.request(request)
    raise "#{path}: #{answer.code} #{answer.body}" if answer.code.to_i != expected

    JSON.parse(answer.body)
  end
  imported = lambda do |file, final|
    job = ask.call(202, "/import", File.read(file))["jobId"]
    polls = 0
    until ask.call(200, "/jobs/#{job}")["status"] == final
      raise "the job does not end" if (polls += 1) > 20
    end
  end

  token = ask.call(200, "/authenticate", File.read("log-in.json"))["token"]
  imported.call("umlauts.json", "completed")
  File.read("ids.txt", encoding: "UTF-8").split("\n").each do |id|
    contact = ask.call(200, "/contacts/#{ERB::Util.url_encode(id)}")
    raise "#{contact["id"]} is not #{id}" if contact["id"] != id
  end
  token = ask.call(200, "/refresh", File.read("refresh.json").sub("OLD-TOKEN", token))["token"]
  imported.call("refused.json", "completed")
  imported.call("hundred.json", "completed")
end
