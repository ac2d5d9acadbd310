use strict;
use warnings;
use Encode qw(decode_utf8);
use HTTP::Tiny;
use JSON::PP;

my $http = HTTP::Tiny->new(keep_alive => 1);
my $token = "";

sub text {
    my ($file) = @_;
    open(my $handle, "<:raw", $file) or die "$file: $!";
    local $/ = undef;
    return <$handle>;
}

sub ask {
    my ($expected, $path, $body) = @_;
    my %headers = $token ? (token => $token) : ();
    $headers{"Content-Type"} = "application/json" if defined $body;
    my %content = defined $body ? (content => $body) : ();
    my $answer = $http->request(defined $body ? "POST" : "GET", "$ENV{CASAVI_URL}$path", {headers => \%headers, %content});
    die "$path: $answer->{status} $answer->{content}" if $answer->{status} != $expected;
    return JSON::PP->new->utf8->decode($answer->{content});
}

sub imported {
    my ($file, $end) = @_;
    my $job = ask(202, "/import", text($file))->{jobId};
    my $polls = 0;
    while (ask(200, "/jobs/$job")->{status} ne $end) {
        die "the job does not end" if ++$polls > 20;
    }
}

$token = ask(200, "/authenticate", text("log-in.json"))->{token};
imported("umlauts.json", "completed");
for my $id (split /\n/, text("ids.txt")) {
    (my $encoded = $id) =~ s/([^A-Za-z0-9._~-])/sprintf("%%%02X", ord($1))/ge;
    my $contact = ask(200, "/contacts/$encoded");
    die "another contact came" if $contact->{id} ne decode_utf8($id);
}
(my $old = text("refresh.json")) =~ s/OLD-TOKEN/$token/;
$token = ask(200, "/refresh", $old)->{token};
imported("refused.json", "completed");
imported("hundred.json", "completed");
