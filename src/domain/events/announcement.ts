/**
 * Returns the key of an announcement, its type and subject. Two events with one key announce the same thing. This
 * module is free of zod, because workflow code imports it.
 */
export const announcementKey = (eventType: string, subject: string): string => `${eventType}/${subject}`;
