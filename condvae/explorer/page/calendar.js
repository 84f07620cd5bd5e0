// Moments by their places in calendar and clock, as condvae/conditions/calendar.py has them.

const DAY = 86400; // seconds
const HOUR = 3600;
const THURSDAY = 3; // days from Monday; the week of a year is that of its Thursday (ISO 8601)

const firstDay = (months) => Math.round(Date.UTC(1970, months, 1) / (1000 * DAY));
const firstWeek = (year) => Math.ceil(firstDay(12 * (year - 1970)) / 7);
const monthOf = (days) => {
  const date = new Date(1000 * DAY * days);
  return 12 * (date.getUTCFullYear() - 1970) + date.getUTCMonth();
};
const yearOf = (days) => 1970 + Math.floor(monthOf(days) / 12);
const weekOf = (days) => Math.floor((days + THURSDAY) / 7);
const modulo = (a, b) => ((a % b) + b) % b;

const PLACES = {
  day: (days) => days,
  week: weekOf,
  month: monthOf,
  "year of the week": (days) => yearOf(7 * weekOf(days)),
  year: yearOf,
  "week of the year": (days) => weekOf(days) - firstWeek(yearOf(7 * weekOf(days))) + 1,
  "month of the year": (days) => modulo(monthOf(days), 12) + 1,
  "day of the month": (days) => days - firstDay(monthOf(days)) + 1,
  weekday: (days) => modulo(days + THURSDAY, 7),
  hour: (_, seconds) => Math.floor(seconds / HOUR),
  "second of the hour": (_, seconds) => modulo(seconds, HOUR),
};

/** A place by its name of a moment, in seconds since 1970. */
export function placeOfMoment(name, moment) {
  const days = Math.floor(moment / DAY);
  return PLACES[name](days, moment - days * DAY);
}

/** The moment, in seconds since 1970, of places by their names; NaN where one is not known. */
export function momentOf(places) {
  if (Object.values(places).some((place) => place === null)) return NaN;
  const at = Object.fromEntries(Object.entries(places).map(([n, p]) => [n, Math.round(p)]));
  const seconds = HOUR * (at.hour ?? 0) + (places["second of the hour"] ?? 0);
  return DAY * daysOf(at) + seconds;
}

/** Days since 1970; where a month has fewer days, or a year fewer weeks, it is the last one. */
function daysOf(at) {
  if ("day" in at) return at.day;
  if ("weekday" in at) {
    const year = at["year of the week"];
    const week =
      at.week ??
      Math.min(firstWeek(year) + at["week of the year"] - 1, firstWeek(year + 1) - 1);
    return 7 * week - THURSDAY + at.weekday;
  }
  const month = at.month ?? 12 * (at.year - 1970) + at["month of the year"] - 1;
  return Math.min(firstDay(month) + at["day of the month"], firstDay(month + 1)) - 1;
}

/** A moment as one reads it. */
export function momentInWords(moment, days) {
  const text = new Date(1000 * moment).toISOString();
  return days ? text.slice(0, 10) : `${text.slice(0, 10)} ${text.slice(11, 16)}`;
}
