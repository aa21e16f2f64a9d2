"""The rules. Each is one phrase of one language; the order of the classes is the order of their weight.

Somebody who is away says so in the first place, whatever else the text holds; a wish not to be written to outweighs
polite words around it; a no outweighs the interest of its first half ("sounds interesting, but …").
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from inbox.classifying.words import own_words


class Class(StrEnum):
    OUT_OF_OFFICE = "out_of_office"
    UNSUBSCRIBE = "unsubscribe"
    NOT_INTERESTED = "not_interested"
    REFERRAL = "referral"
    INTERESTED = "interested"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a message is, the words that decided, and the language of the rule ("" for unknown)."""

    kind: Class
    phrase: str = ""
    language: str = ""


# Languages: en de fr nl es it pt sv. \b stands at both ends of every phrase.
RULES: Mapping[Class, Mapping[str, tuple[str, ...]]] = {
    Class.OUT_OF_OFFICE: {
        "en": (
            r"(i am|i'm|i will be|i'll be|currently|is) (currently |now )?(out of( the)? office|ooo)",
            r"(out of( the)? office|automatic reply|auto-?reply|autoreply)\b(?!.{0,20}(no longer|not any ?more))(?<!no longer out of office)",
            r"(i am|i'm|i will be|i'll be) (currently |now )?(away|on (annual |parental |maternity |paternity |sick )?leave|on (holiday|vacation)|travelling|traveling) (until|till|from|with|and|through|this|for|on|\.)",
            r"(i am|i'm|i will be|i'll be) (currently )?on (annual leave|parental leave|maternity leave|paternity leave|vacation|holiday)",
            r"(with|have) (limited|no) access to (my )?(e-?mails?|messages|inbox|linkedin)",
            r"i (am|will be) back (in the office )?(on|from)",
        ),
        "de": (
            r"(nicht im (büro|haus)|außer haus|ausser haus|abwesenheitsnotiz|automatische antwort)",
            r"(bin|befinde mich) (derzeit|aktuell|zurzeit|zur zeit|momentan|bis|vom|gerade|noch)?.{0,40}(im urlaub|in elternzeit|abwesend|nicht erreichbar|nicht im büro)",
            r"(erst )?(wieder )?ab (dem |montag|dienstag|mittwoch|donnerstag|freitag).{0,30}(erreichbar|zurück|im büro)",
        ),
        "fr": (
            r"(absent|absente)( du bureau)? (jusqu|du|depuis|pour|actuellement|et)",
            r"(je suis|je serai) (actuellement )?(absent|absente|en congés?|en vacances)",
            r"(absence du bureau|réponse automatique|message d'absence|de retour le|de retour au bureau)",
        ),
        "nl": (
            r"(niet (aanwezig|op kantoor)|afwezig|automatisch antwoord|afwezigheidsbericht)",
            r"(ik ben|ben ik) (momenteel |nu )?(met|op) (vakantie|verlof)",
            r"(ik ben )?(weer )?terug op (kantoor|maandag|dinsdag|woensdag|donderdag|vrijdag|\d)",
        ),
        "es": (
            r"fuera de (la )?oficina",
            r"(estoy|estaré|me encuentro) (actualmente )?(de vacaciones|ausente|de baja|fuera hasta)",
            r"respuesta automática",
        ),
        "it": (
            r"fuori (ufficio|sede)",
            r"(sono|sarò) (attualmente )?(in ferie|assente|fuori fino|in vacanza)",
            r"risposta automatica",
        ),
        "pt": (
            r"fora do escritório",
            r"(estou|estarei) (atualmente )?(de férias|ausente|fora até)",
            r"resposta automática",
        ),
        "sv": (
            r"(inte på kontoret|frånvaromeddelande|autosvar|automatiskt svar)",
            r"(jag är|jag har) (för närvarande |just nu )?(på semester|ledig|semester|föräldraledig|bortrest)",
            r"(åter|tillbaka) (på kontoret )?(den|på måndag|måndag)",
        ),
    },
    Class.UNSUBSCRIBE: {
        "en": (
            r"(do not|don't|please do not|please don't|never|stop) (ever )?(contact|contacting|message|messaging|write|writing|email|emailing|text) (to )?me",
            r"stop (sending|spamming)( me)?",
            r"(unsubscribe|opt me out|opt out|remove me|take me off)( from)?( (your|this|the) (list|mailing list|database|crm))?",
            r"(delete|erase) my (data|details|contact|information)",
            r"(lose|forget) my (number|contact)",
        ),
        "de": (
            r"(bitte )?(keine|nicht) (weiteren |mehr )?(nachrichten|mails|anfragen|werbung|kontaktaufnahme)( mehr)?( senden| schicken)?",
            r"(schreiben|kontaktieren|kontaktier|schreib|anschreiben) (sie )?(mich|mir) (bitte )?(nicht|nie) (mehr|wieder)",
            r"(austragen|abmelden|aus (ihrer|der|eurer) liste|löschen sie meine daten)",
            r"unterlassen sie",
        ),
        "fr": (
            r"(ne|merci de ne|veuillez ne|arrêtez de) (plus |pas )?(me )?(contacter|écrire|solliciter)( plus)?",
            r"ne me (contactez|écrivez|sollicitez) plus",
            r"(désabonn|désinscri|retirez-moi|supprimez mes données)\w*",
        ),
        "nl": (
            r"(stuur|stuurt) (me|mij) (alsjeblieft |aub )?(geen|niets|niet) (berichten )?(meer)?",
            r"(niet|nooit) meer (contacteren|benaderen|mailen|schrijven|contact opnemen)",
            r"(uitschrijven|afmelden|verwijder mij|van (de|je|uw) lijst)",
        ),
        "es": (
            r"no (me )?(contacte|contactes|escriba|escribas|envíe|envíes|molesten?)( más| nunca)",
            r"(darme de baja|dame de baja|denme de baja|elimine mis datos|borren mis datos|dejen? de escribirme)",
        ),
        "it": (
            r"non (mi )?(contatti|contattare|contattarmi|scriva|scrivere|scrivermi)( più| mai)",
            r"(cancellami|cancellatemi|rimuovimi|rimuovetemi|disiscriv\w+|eliminate i miei dati)",
        ),
        "pt": (
            r"não me (contacte|contate|escreva|envie|mande)( mais| nunca)",
            r"(remova-me|retire-me|descadastr\w+|apague os meus dados|pare de (me )?(enviar|escrever))",
        ),
        "sv": (
            r"(kontakta|skriv|skicka|maila) (till )?(mig )?inte (mig )?(igen|mer|längre)",
            r"(sluta (kontakta|skriva|skicka)|ta bort mig|avregistrera)",
        ),
    },
    Class.NOT_INTERESTED: {
        "en": (
            r"(not|no longer|isn't|never) (really |currently |actually |at all |something we're |be )?(interested|looking|relevant|a fit|a good fit|for (us|me))",
            r"(no|nah|nope),? thank(s| you)",
            r"(we|i)('re| are|'m| am) (all set|good|fine|covered|happy with (our|what))",
            r"(not|isn't|no) (a |the |our )?(priority|need|budget|right time)",
            r"(we|i) (don't|do not) (need|want|have (any )?(need|budget|interest))",
            r"(i('ll| will)|have to|going to|i'd like to) (pass|decline)",
            r"already (have|use|using|work with|working with) (a|an|another|someone|somebody)",
        ),
        "de": (
            r"(kein|keinen|keinerlei|nicht|leider kein) (interesse|bedarf|interessiert|relevant|interessant|thema für uns)",
            r"nein,? (danke|vielen dank)",
            r"(sind|bin) (bereits |gut |schon )(versorgt|aufgestellt|bedient)",
        ),
        "fr": (
            r"(pas|plus|guère) (du tout |vraiment )?(intéressée?s?|d'intérêt|besoin|pour nous|une priorité)",
            r"non,? merci",
            r"(nous|on) (avons|a) déjà (un|une|notre)",
        ),
        "nl": (
            r"(geen|niet) (echt )?(interesse|geïnteresseerd|behoefte|relevant|nodig|interessant)",
            r"nee,? (dank|bedankt|dankjewel)",
        ),
        "es": (
            r"no (me|nos|estoy|estamos|tengo|tenemos)( \w+)? ?(interesa|interesados?|interesadas?|interés)",
            r"no,? gracias",
        ),
        "it": (
            r"non (sono|siamo|mi|ci) (interessat[oiae]|interessa|interessano)",
            r"no,? grazie",
        ),
        "pt": (
            r"não (tenho|temos|estou|estamos|me|nos) ?(interesse|interessad[oa]s?|interessa)",
            r"não,? obrigad[oa]",
        ),
        "sv": (
            r"(inte|ej) (så )?(intresserad|intresserade|aktuellt|intressant|relevant)",
            r"nej,? tack",
        ),
    },
    Class.REFERRAL: {
        "en": (
            r"(please |you should |better |best to |try |would suggest to )?(contact|reach out to|speak (to|with)|talk to|get in touch with|write to|email) (my colleague|our|[a-z]+@|the right|mr|ms|mrs)",
            r"(i'm|i am|i'd be|am) not the right (person|contact)",
            r"(forwarded|passed|forward|pass|passing|forwarding) (this|it|your (message|details|note)) (on )?(to|along)",
            r"my colleague [a-zà-ÿ]+ (is|would be|handles|takes care|looks after|can)",
            r"(no longer|don't) (work|working) (here|there|at|for) ",
        ),
        "de": (
            r"(wenden|richten) sie sich (bitte |doch )?an",
            r"(nicht (der|die) richtige (ansprechpartner|person)|falsche[rn]? ansprechpartner)",
            r"(mein kollege|meine kollegin|zuständig (ist|dafür))",
            r"(weitergeleitet|leite .{0,30}weiter)",
        ),
        "fr": (
            r"(contactez|contacter|adressez-vous à|voyez avec|rapprochez-vous de) (plutôt )?(mon|ma|notre|m\.|mme)",
            r"pas (la bonne personne|le bon (contact|interlocuteur))",
        ),
        "nl": (r"niet de juiste (persoon|contactpersoon)", r"(neem contact op met|mijn collega)"),
        "es": (
            r"no soy la persona (adecuada|indicada|correcta)",
            r"(contacta|contacte|escriba|habla|hable) (a|con) (mi|nuestr)",
        ),
        "it": (r"non sono la persona (giusta|adatta)", r"(contatti|contatta|scriva a|si rivolga a) (il|la|mio|mia|al)"),
        "pt": (r"não sou a pessoa (certa|indicada)", r"(contacte|contate|fale com) (o|a) (meu|minha|nossa|nosso)"),
        "sv": (r"(inte|fel) rätt person|fel person", r"(kontakta|hör av dig till) (min|vår)"),
    },
    Class.INTERESTED: {
        "en": (
            r"(tell me|like to (know|hear|learn)|happy to (hear|learn|chat|talk|connect)|love to (hear|learn|chat|talk)|keen to) ?(more|about|a bit)?",
            r"(sounds|looks|that's|this is|very) (really |very |quite )?(interesting|good|great)",
            r"(i'm|i am|we're|we are|would be|definitely|yes,?) (very |quite |definitely )?interested",
            r"(let's|can we|could we|shall we|happy to|want to|would you like to) (talk|chat|schedule|book|set up|meet|speak|jump on|hop on|arrange)",
            r"(send|share) (me|us|over|through)? ?(some |more |the |a few |your )?(more )?(info|information|details|deck|link|brochure|pricing|calendar|times|slots)",
            r"(what|how much) (does it|would it|are your|is your|is the) (cost|price|pricing|prices)",
            r"(are you|when are you) (free|available)",
            r"(give me a call|call me|book a (call|meeting|demo)|calendly\.com)",
        ),
        "de": (
            r"(klingt|hört sich|das ist|sehr) (sehr |wirklich |echt )?(interessant|gut|spannend)",
            r"(erzählen sie|mehr (erfahren|hören|wissen|informationen|dazu)|gerne mehr|schicken sie (mir|uns))",
            r"(interesse besteht|(wir |ich )?(habe|haben|bin|sind) (sehr |durchaus |gerne )?(interesse|interessiert))",
            r"(gerne|lassen sie uns|wann) .{0,30}(telefonieren|sprechen|austauschen|termin|kennenlernen)",
        ),
        "fr": (
            r"(ça|cela|c'est) (m'|nous )?(intéresse|a l'air intéressant|intéressant)",
            r"(dites-m'en|en savoir) plus",
            r"(je suis|nous sommes) (très |plutôt )?intéressée?s?",
            r"(quand|êtes-vous|seriez-vous) .{0,20}disponible",
        ),
        "nl": (
            r"(klinkt|dat is|heel|erg) (heel |erg )?(interessant|goed|leuk)",
            r"(vertel|meer (weten|horen|informatie))( me| eens)?( meer)?",
            r"(ik ben|wij zijn|we zijn) (zeker |wel )?geïnteresseerd",
        ),
        "es": (
            r"(me|nos) (interesa|interesaría|gustaría (saber|conocer|hablar))",
            r"(cuéntame|cuénteme|saber|más información)( más)?",
            r"(suena|parece) (muy )?(bien|interesante)",
        ),
        "it": (
            r"(mi|ci) (interessa|interesserebbe|piacerebbe)",
            r"(mi racconti|mi dica|saperne|maggiori informazioni)( di più)?",
            r"(sembra|molto) interessante",
        ),
        "pt": (
            r"(tenho|temos|me|nos) (interesse|interessa|interessaria)",
            r"(conte-me|saber|mais informações)( mais)?",
            r"(parece|muito) interessante",
        ),
        "sv": (
            r"(låter|det är|mycket|väldigt) (väldigt |mycket )?(intressant|bra|spännande)",
            r"(berätta|veta|höra) (gärna )?mer",
            r"(jag är|vi är) (absolut |väldigt )?intresserade?",
        ),
    },
}
_NEGATED_AWAY = re.compile(
    r"(no longer|not|back from( being)?|nicht mehr|n'est plus|niet meer) (out of( the)? office|away|on leave|absent|afwezig)"
)
_COMPILED = {
    kind: [
        (language, re.compile(rf"(?<!\w)(?:{phrase})(?!\w)"))
        for language, phrases in table.items()
        for phrase in phrases
    ]
    for kind, table in RULES.items()
}


def classify(text: str) -> Verdict:
    """What a message is. In doubt `unknown`."""
    words = own_words(text)
    for kind, phrases in _COMPILED.items():
        if kind is Class.OUT_OF_OFFICE and _NEGATED_AWAY.search(words):
            continue
        for language, phrase in phrases:
            if found := phrase.search(words):
                return Verdict(kind, found.group(0).strip()[:100], language)
    return Verdict(Class.UNKNOWN)
