# Prints, as JSON, what SpamAssassin made of configuration: one object after the site's, one after the user's.
# Usage: perl dump_configuration.pl RULES_DIR SITE_DIR [USER_PREFS]
use strict;
use warnings;
BEGIN { require FindBin; require "$FindBin::RealBin/../without_optional.pl" }
use JSON::PP;
use Scalar::Util qw(blessed reftype);
use Mail::SpamAssassin;

my ($rules, $site, $user) = @ARGV;
my @warnings;
my $json = JSON::PP->new->canonical->latin1->allow_nonref;

sub plain {
  my ($value, $depth) = @_;
  return undef if !defined $value || $depth > 6;
  my $type = ref $value;
  return "$value" if !$type;
  return "$value" if $type eq 'Regexp';
  return [ map { $_->{as_string} } @{$value->{nets} || []} ] if $type eq 'Mail::SpamAssassin::NetSet';
  return undef if blessed $value || $type eq 'CODE';
  return [ map { plain($_, $depth + 1) } @$value ] if $type eq 'ARRAY';
  return { map { ($_ => plain($value->{$_}, $depth + 1)) } keys %$value } if $type eq 'HASH';
  return plain($$value, $depth + 1);
}

sub dump_conf {
  my ($conf) = @_;
  my %out;
  for my $key (keys %$conf) {
    next if $key =~ /^(?:main|parser|registered_commands|eval_plugins|scores|test_qrs|sed_path_cache)$/;
    next if $key eq 'dns_available_ports_bitset';
    $out{$key} = plain($conf->{$key}, 0);
  }
  $out{test_qrs} = { map { ($_ => "$conf->{test_qrs}{$_}") } keys %{$conf->{test_qrs} || {}} };
  for my $name (grep { $conf->{test_types}{$_} % 2 } keys %{$conf->{tests}}) {
    my ($function, $args) = $conf->{tests}{$name} =~ /^(\w+)\((.*?)\)$/;
    my $packed = defined $function ? $conf->{parser}->pack_eval_args($args) : undef;
    $out{calls}{$name} = defined $packed ? [ $function, @$packed ] : undef;
  }
  $out{ports} = [ grep { vec($conf->{dns_available_ports_bitset}, $_, 1) } 0 .. 65535 ]
    if defined $conf->{dns_available_ports_bitset};
  print $json->encode({ conf => \%out, warnings => [@warnings] }), "\n";
  @warnings = ();
}

{
  no warnings 'redefine';
  *Mail::SpamAssassin::Conf::Parser::finish_parsing = sub {
    $_[0]->lint_trusted_networks();
    dump_conf($_[0]{conf});
    die "read\n";    # what follows is not ours: rules are compiled, DNS is tried
  };
}
local $SIG{__WARN__} = sub { };

my $sa = Mail::SpamAssassin->new({
  rules_filename => $rules,
  site_rules_filename => $site,
  userprefs_filename => '/nonexistent/prefs',
  userstate_dir => $ENV{STATE_DIR} || '/nonexistent/state',
  dont_copy_prefs => 1,
  local_tests_only => $ENV{LOCAL_TESTS_ONLY} || 0,
  need_tags => 0,
});
$sa->{lint_callback} = sub { my %o = @_; push @warnings, [ $o{msg}, $o{rule}, $o{iserror} ] };
eval { $sa->init(0) };
eval { $sa->read_scoreonly_config($user) } if defined $user;
