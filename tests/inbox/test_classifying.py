"""What answers mean: a corpus of invented messages in eight languages, each with its class and its day of return."""

from datetime import date

import pytest

from inbox.classifying import classify, return_of

WRITTEN = date(2026, 7, 20)  # a Monday
CORPUS = """
out_of_office | I am out of the office until 14 August.
out_of_office | Automatic reply: I am away from 3 to 17 August, with limited access to my email.
out_of_office | Thanks for your message! I'm on annual leave and back on 3 August.
out_of_office | I am on parental leave. In urgent cases please write to my colleagues.
out_of_office | I'm currently OOO.
out_of_office | Ich bin bis einschließlich 14.08. im Urlaub.
out_of_office | Abwesenheitsnotiz: ab dem 17.08. bin ich wieder erreichbar.
out_of_office | Vielen Dank für Ihre Nachricht. Ich befinde mich in Elternzeit.
out_of_office | Je suis absent du bureau jusqu'au 17 août.
out_of_office | Absente du 3 au 17 août, je vous répondrai à mon retour.
out_of_office | Ik ben met vakantie tot en met 14 augustus.
out_of_office | Ik ben momenteel afwezig en terug op maandag 17 augustus.
out_of_office | Estoy de vacaciones hasta el 14 de agosto.
out_of_office | Fuera de la oficina hasta el lunes.
out_of_office | Sono in ferie fino al 14 agosto.
out_of_office | Risposta automatica: rientro il 17 agosto.
out_of_office | Estou de férias até 14 de agosto.
out_of_office | Resposta automática: volto em 17 de agosto.
out_of_office | Jag är på semester till och med 14 augusti.
out_of_office | Autosvar: åter på kontoret den 17 augusti.
unsubscribe | Please do not contact me again.
unsubscribe | Stop messaging me.
unsubscribe | Take me off your list
unsubscribe | Remove me from this mailing list, thanks.
unsubscribe | Never write to me again!
unsubscribe | Schreiben Sie mir bitte nicht mehr.
unsubscribe | Bitte keine weiteren Nachrichten.
unsubscribe | Merci de ne plus me contacter.
unsubscribe | Stuur mij geen berichten meer.
unsubscribe | No me escriba más, por favor.
unsubscribe | Non mi scriva più.
unsubscribe | Não me contacte mais.
unsubscribe | Kontakta mig inte igen.
not_interested | No thanks.
not_interested | Thanks, but we're not interested at the moment.
not_interested | Sounds interesting, but we don't need this right now.
not_interested | We are all set, cheers.
not_interested | Not a priority for us this quarter, but ask me again in spring.
not_interested | I'll pass.
not_interested | Wir haben leider kein Interesse.
not_interested | Nein danke!
not_interested | Kein Bedarf.
not_interested | Non merci.
not_interested | Ce n'est pas une priorité pour nous. Pas intéressé.
not_interested | Geen interesse, bedankt.
not_interested | No, gracias.
not_interested | No me interesa.
not_interested | No grazie, non siamo interessati.
not_interested | Não, obrigado.
not_interested | Nej tack.
not_interested | Vi är inte intresserade.
referral | I'm not the right person, Jane handles this.
referral | Please contact my colleague Jane Doe.
referral | I've forwarded this to our procurement team.
referral | Bitte wenden Sie sich an Frau Schulz.
referral | Mein Kollege ist dafür zuständig.
referral | Contactez plutôt ma collègue.
referral | Ik ben niet de juiste persoon hiervoor.
referral | No soy la persona indicada.
referral | Non sono la persona giusta.
interested | Tell me more!
interested | Sounds interesting! How about Tuesday afternoon?
interested | Yes, happy to talk. My calendar is open on Thursday.
interested | Could you send me some details?
interested | How much does it cost?
interested | Let's schedule a call.
interested | I'm no longer out of office, let's talk.
interested | Danke, klingt spannend. Schicken Sie mir gern Unterlagen.
interested | Ça m'intéresse, dites-m'en plus.
interested | Klinkt interessant, vertel meer.
interested | Me interesa, cuéntame más.
interested | Mi interessa, mi racconti di più.
interested | Tenho interesse.
interested | Låter intressant, berätta gärna mer.
unknown | 👍
unknown | Great, thank you!
unknown | Who are you?
unknown | Please stop by our office next time you are in town.
unknown | Let me check with my team and come back to you.
unknown | I was on holiday last week, sorry for the late answer. Who are you?
unknown | Is the office in Leeds closed?
unknown | 你好
"""
CASES = [tuple(part.strip() for part in line.split(" | ", 1)) for line in CORPUS.strip().splitlines()]


@pytest.mark.parametrize(("kind", "text"), CASES, ids=[text[:50] for _, text in CASES])
def test_a_message_is_what_it_says(kind: str, text: str) -> None:
    found = classify(text)
    assert found.kind == kind, found
    assert bool(found.phrase) == (kind != "unknown")


RETURNS = [
    ("I am out of the office until 14 August.", date(2026, 8, 15)),
    ("I am away from 3 to 17 August.", date(2026, 8, 18)),
    ("back on Monday 3 August", date(2026, 8, 3)),
    ("back in the office on August 3rd, 2026", date(2026, 8, 3)),
    ("out until 2026-08-14", date(2026, 8, 15)),
    ("I will be back next Monday.", date(2026, 7, 27)),
    ("back on Thursday", date(2026, 7, 23)),
    ("bis einschließlich 14.08.", date(2026, 8, 15)),
    ("Ab dem 17.08. bin ich wieder erreichbar.", date(2026, 8, 17)),
    ("absent jusqu'au 17 août", date(2026, 8, 18)),
    ("du 3 au 17 août", date(2026, 8, 18)),
    ("de retour le 17 août", date(2026, 8, 17)),
    ("tot en met 14 augustus", date(2026, 8, 15)),
    ("terug op maandag 17 augustus", date(2026, 8, 17)),
    ("hasta el 14 de agosto de 2026", date(2026, 8, 15)),
    ("fino al 14 agosto", date(2026, 8, 15)),
    ("rientro il 17 agosto", date(2026, 8, 17)),
    ("até 14 de agosto", date(2026, 8, 15)),
    ("till och med 14 augusti", date(2026, 8, 15)),
    ("åter den 17 augusti", date(2026, 8, 17)),
    ("out until 05/08", date(2026, 8, 6)),  # 5 August; 8 May is past
    ("out until 08/09", date(2026, 9, 9)),  # of 9 August and 8 September the later
    ("out until 3 January", date(2026, 11, 17)),  # nobody is waited for longer than 120 days
]


@pytest.mark.parametrize(("text", "back"), RETURNS, ids=[text for text, _ in RETURNS])
def test_the_day_of_return_is_read_from_the_words(text: str, back: date) -> None:
    found = return_of(text, written_on=WRITTEN)
    assert (found.on, found.said) == (back, True)


@pytest.mark.parametrize("text", ["I am on parental leave.", "away until 14 May 2026", "back on 31 February", ""])
def test_without_a_usable_date_a_week_is_waited(text: str) -> None:
    found = return_of(text, written_on=WRITTEN)
    assert (found.on, found.said) == (date(2026, 7, 27), False)


def test_what_is_quoted_and_signed_does_not_count() -> None:
    text = "Tell me more\n\nOn Mon, 20 Jul 2026 Nadia wrote:\n> please do not contact me\n"
    assert classify(text).kind == "interested"
    assert classify("Tell me more\n-- \nunsubscribe here").kind == "interested"


MORE_OF_EACH = """
unsubscribe | Leave me alone.
unsubscribe | Please don't reach out to me again.
unsubscribe | No more messages please.
unsubscribe | STOP
unsubscribe | Don't ever write to me again
unsubscribe | Please stop contacting me
unsubscribe | This is spam, remove me.
unsubscribe | Lassen Sie mich in Ruhe
unsubscribe | Bitte kontaktieren Sie mich nicht mehr.
unsubscribe | Schreib mir bitte nicht mehr
unsubscribe | Keine weiteren Nachrichten bitte
unsubscribe | Bitte löschen Sie meine Daten
unsubscribe | Ich möchte keine Nachrichten mehr erhalten
unsubscribe | Ne m'écrivez plus
unsubscribe | Ne me contactez plus svp
unsubscribe | Laissez-moi tranquille
unsubscribe | Arrêtez de m'écrire
unsubscribe | Neem geen contact meer met mij op
unsubscribe | Contacteer mij niet meer
unsubscribe | No me vuelvas a escribir
unsubscribe | Deja de escribirme
unsubscribe | Por favor no me contacten más
unsubscribe | Non scrivetemi più
unsubscribe | Non contattatemi più
unsubscribe | Pare de me enviar mensagens
unsubscribe | Não me escrevas mais
unsubscribe | Sluta kontakta mig
unsubscribe | Skriv inte till mig mer
out_of_office | Thank you! I am out of the office until 14 August. In urgent cases please contact my colleague Jane.
out_of_office | Ich bin bis 14.08. nicht im Büro. In dringenden Fällen wenden Sie sich bitte an Frau Schulz.
out_of_office | I'm out of office with limited access to e-mail. Urgent? Call +44 20 7946 0000.
out_of_office | Hello, I am currently on vacation and will reply when I am back.
out_of_office | Ik ben tot 14 augustus afwezig. Mijn collega helpt u graag verder.
out_of_office | Je suis en congés jusqu'au 17 août. Contactez ma collègue en cas d'urgence.
out_of_office | Gracias por su mensaje. Estaré fuera de la oficina hasta el 14 de agosto.
out_of_office | Im Urlaub bis 14.8.
out_of_office | I'm away until Monday.
out_of_office | I am away from my desk until 3rd of March
out_of_office | Out of office until Monday
out_of_office | Jag är ledig till den 14 augusti
out_of_office | Derzeit bin ich im Urlaub und ab 17.08. wieder für Sie da.
out_of_office | Estou de férias e volto no dia 17 de agosto.
out_of_office | On vacation until March 3rd
out_of_office | Automatic reply: Thanks for your interest. I'm happy to talk when I am back on 3 August.
out_of_office | Abwesenheitsnotiz: Ich bin nicht im Haus. Haben Sie Fragen? Schreiben Sie an info@example.com.
out_of_office | Grazie per il messaggio. Sono in ferie fino al 14 agosto. Per maggiori informazioni chiamare l'ufficio.
out_of_office | I'm out of the office. For more information visit https://example.com/?a=b
unsubscribe | Please remove me.
unsubscribe | Please do not message me on LinkedIn again
out_of_office | I am not in the office, back on Monday. Out of office.
"""
MORE = [tuple(part.strip() for part in line.split(" | ", 1)) for line in MORE_OF_EACH.strip().splitlines()]


@pytest.mark.parametrize(("kind", "text"), MORE, ids=[text[:50] for _, text in MORE])
def test_it_is_recognised_in_many_wordings(kind: str, text: str) -> None:
    assert classify(text).kind == kind


# A person who answers and mentions an absence has answered; nobody is kept for ever for a word that sounds alike.
NEVER_TAKEN_FOR = """
unsubscribe | Ich bekomme hier kaum Nachrichten, bitte schreiben Sie mir eine Mail.
unsubscribe | Ich lese hier keine Nachrichten, bitte per Mail.
unsubscribe | Wir haben dazu keine Anfragen, aber erzählen Sie mehr.
unsubscribe | N'hésitez pas à me contacter
unsubscribe | Don't stop sending me these, they are great
unsubscribe | You can unsubscribe me from the newsletter but let's talk on Friday
out_of_office | I was out of the office last week, sorry. What is it about?
out_of_office | Sorry, was out of office. Send me the details.
out_of_office | Sorry for the late reply, I was on annual leave. Yes, call me.
out_of_office | I was out of office, here is my number: 0123 456
out_of_office | Entschuldigung, ich war nicht im Büro. Rufen Sie mich an.
out_of_office | Désolé, j'étais absent du bureau. Appelez-moi.
out_of_office | Sorry, ik was afwezig. Bel me.
out_of_office | Perdona, estaba fuera de la oficina. Llámame.
out_of_office | Scusa, ero fuori ufficio. Chiamami.
out_of_office | Desculpe, estava fora do escritório. Ligue-me.
out_of_office | Förlåt, jag har varit på semester. Ring mig.
out_of_office | I'm interested! I'm out of the office until Monday, can we talk then?
out_of_office | I'm out of the office until Monday and not interested.
out_of_office | Out of office or not: stop messaging me.
out_of_office | I'm on holiday until Monday. What is this about?
out_of_office | Does your tool handle out of office replies?
out_of_office | I will be back on Monday, call me then.
out_of_office | I am back from holiday now. Who are you
out_of_office | We are moving out of the office in May, no interest in desks
out_of_office | I'm in Lisbon, away until Monday. Do you have a case study
unsubscribe | Please don't message me here, write to ada@example.com
unsubscribe | Please don't stop sending me updates
out_of_office | Back from holiday, happy to talk
out_of_office | We are no longer out of office
out_of_office | Ich bin nicht mehr im Urlaub
"""
NEVER = [tuple(part.strip() for part in line.split(" | ", 1)) for line in NEVER_TAKEN_FOR.strip().splitlines()]


@pytest.mark.parametrize(("kind", "text"), NEVER, ids=[text[:50] for _, text in NEVER])
def test_it_is_not_taken_for_what_it_is_not(kind: str, text: str) -> None:
    assert classify(text).kind != kind


OTHER_DAYS: list[tuple[str, date, date | None]] = [
    ("back on 3rd of March", date(2026, 2, 20), date(2026, 3, 3)),
    ("out until 03.08.2026", date(2026, 7, 20), date(2026, 8, 4)),
    ("out until 3.8.", date(2026, 7, 20), date(2026, 8, 4)),
    ("out until 08/15", date(2026, 7, 20), date(2026, 8, 16)),
    ("back 08/15/2026", date(2026, 7, 20), date(2026, 8, 15)),
    ("back on 8/3", date(2026, 7, 20), date(2026, 8, 3)),
    ("until Monday", date(2026, 7, 22), date(2026, 7, 28)),
    ("back on Monday, March 3rd", date(2026, 2, 20), date(2026, 3, 3)),
    ("I'm away until 6 January", date(2026, 12, 20), date(2027, 1, 7)),
    ("vom 23.12. bis 06.01.", date(2026, 12, 20), date(2027, 1, 7)),
    ("back on 2 January 2027", date(2026, 12, 20), date(2027, 1, 2)),
    ("from 20 December to 3 January", date(2026, 12, 20), date(2027, 1, 4)),
    ("out until 14 August. Hotline 24/7.", date(2026, 7, 20), date(2026, 8, 15)),
    ("away until 24 July. Office hours 9-5, phone 555-12-10", date(2026, 7, 20), date(2026, 7, 25)),
    ("I'm out of office. Our 24/7 support is at your service", date(2026, 6, 20), None),
    ("erreichbar Mo-Fr 8.30-17.00 Uhr", date(2026, 7, 20), None),
    ("I am away. Call me 08.12 Uhr", date(2026, 7, 20), None),
    ("back tomorrow", date(2026, 7, 20), date(2026, 7, 21)),
    ("back in two weeks", date(2026, 7, 20), date(2026, 8, 3)),
    ("out for 2 weeks", date(2026, 7, 20), date(2026, 8, 3)),
    ("back next week", date(2026, 7, 22), date(2026, 7, 27)),
    ("away until next week", date(2026, 7, 22), date(2026, 7, 27)),
    ("nächste Woche wieder da", date(2026, 7, 22), date(2026, 7, 27)),
    ("bis Ende August", date(2026, 7, 20), date(2026, 9, 1)),
    ("until the end of August", date(2026, 7, 20), date(2026, 9, 1)),
    ("back in September", date(2026, 7, 20), date(2026, 9, 1)),
    ("bin ab dem 3. März wieder da", date(2026, 2, 20), date(2026, 3, 3)),
    ("jusqu'au 1er mars inclus", date(2026, 2, 20), date(2026, 3, 2)),
    ("le 1er mars", date(2026, 2, 20), date(2026, 3, 2)),
    ("absent until 28/02", date(2026, 2, 20), date(2026, 3, 1)),
    ("I was away until 14 May", date(2026, 7, 20), None),
    ("back on 31 February", date(2026, 2, 1), None),
    ("until Friday 24 July 2026 inclusive", date(2026, 7, 20), date(2026, 7, 25)),
    ("out of office 20/07 - 31/07", date(2026, 7, 20), date(2026, 8, 1)),
    ("out of office Jul 20 – Aug 3", date(2026, 7, 20), date(2026, 8, 4)),
    ("off 20-24 July", date(2026, 7, 20), date(2026, 7, 25)),
    ("I return on the 27th", date(2026, 7, 20), date(2026, 7, 27)),
    ("until the 27th", date(2026, 7, 20), date(2026, 7, 28)),
    ("back on 27.7.", date(2026, 7, 20), date(2026, 7, 27)),
    ("torno lunedì 27 luglio", date(2026, 7, 20), date(2026, 7, 27)),
    ("volto dia 27/07", date(2026, 7, 20), date(2026, 7, 27)),
    ("Available again from 2026/08/03", date(2026, 7, 20), date(2026, 8, 3)),
    ("I may be slow to answer until 3 August", date(2026, 7, 20), date(2026, 8, 4)),
    ("Back on 3 Aug. Until then please contact Ann. Conference on 12 October.", date(2026, 7, 20), date(2026, 8, 3)),
    ("I am out of office until 14 August. Join our webinar on 10 October!", date(2026, 7, 20), date(2026, 8, 15)),
    ("Ich bin vom 3.8.-14.8. im Urlaub", date(2026, 7, 20), date(2026, 8, 15)),
    ("I'm away from 3 August to 17 August and back on 18 August", date(2026, 7, 20), date(2026, 8, 18)),
    ("20/07-31/07", date(2026, 7, 20), date(2026, 8, 1)),
    ("Reachable from Monday", date(2026, 7, 22), date(2026, 7, 27)),
    ("Je suis absent du 20 juillet au 3 août inclus, tel 01 23 45 67 89", date(2026, 7, 20), date(2026, 8, 4)),
    ("back in office 5th January", date(2026, 12, 20), date(2027, 1, 5)),
    ("Estaré de vuelta el lunes 3 de agosto", date(2026, 7, 20), date(2026, 8, 3)),
    ("zurück am 27.", date(2026, 7, 20), date(2026, 7, 27)),
    ("until 31.12.", date(2026, 12, 20), date(2027, 1, 1)),
    ("until 31/12/26", date(2026, 12, 20), date(2027, 1, 1)),
    ("until 29 February", date(2027, 2, 20), None),
    ("in 99 weeks", date(2026, 7, 20), date(2026, 11, 17)),
    ("", date(2026, 7, 20), None),
    ("back 2026-13-45 or 99/99", date(2026, 7, 20), None),
]


@pytest.mark.parametrize(("text", "written", "back"), OTHER_DAYS, ids=[text or "nothing" for text, _, _ in OTHER_DAYS])
def test_returns_in_other_words_around_the_turn_of_the_year_and_beside_other_numbers(
    text: str, written: date, back: date | None
) -> None:
    found = return_of(text, written_on=written)
    assert (found.on if found.said else None) == back
    assert found.on > written
